/// Arms faults, remembers them, and heals every one of them again, last first.
///
/// Whoever arms through a ledger need only remember `healAll()`: it is idempotent,
/// reaches faults whose arming failed half way, and no fault armed after `close()` stays armed.
package actor FaultLedger {
    /// What happened to a fault, in the order it happened.
    package struct Entry: Sendable, Hashable {
        package enum Deed: String, Sendable, Hashable {
            case armed
            case failed
            case healed
        }
        package var fault: String
        package var deed: Deed
        /// Why arming failed.
        package var detail: String?

        package init(fault: String, deed: Deed, detail: String? = nil) {
            self.fault = fault
            self.deed = deed
            self.detail = detail
        }
    }

    private var armed: [any Fault] = []
    /// Everything ever prepared or armed, which may hold a process until it is ended.
    private var known: [any Fault] = []
    private var closed = false
    private let record: @Sendable (Entry) -> Void

    package init(record: @escaping @Sendable (Entry) -> Void = { _ in }) {
        self.record = record
    }

    /// Names of the faults that are armed now, oldest first.
    package var armedNames: [String] { armed.map(\.id) }

    package func prepare(_ fault: any Fault) async throws {
        try refuseWhenClosed()
        remember(fault)
        try await fault.prepare()
    }

    /// Arms a fault; one of the same name that is armed already is healed first.
    package func arm(_ fault: any Fault) async throws {
        try refuseWhenClosed()
        await heal(fault.id)
        // Remembered before arming: what fails half way is healed like the rest.
        armed.append(fault)
        remember(fault)
        do {
            try await fault.arm()
        } catch {
            await fault.heal()
            armed.removeAll { $0.id == fault.id }
            record(Entry(fault: fault.id, deed: .failed, detail: String(describing: error)))
            throw error
        }
        record(Entry(fault: fault.id, deed: .armed))
        // Closed while it was being armed: the closing call may have missed it.
        if closed { await healAll() }
    }

    /// Heals the fault of that name; nothing happens when none is armed.
    package func heal(_ id: String) async {
        guard let index = armed.lastIndex(where: { $0.id == id }) else { return }
        let fault = armed.remove(at: index)
        await fault.heal()
        record(Entry(fault: id, deed: .healed))
    }

    /// Heals all that is armed, last first.
    package func healAll() async {
        while let fault = armed.popLast() {
            await fault.heal()
            record(Entry(fault: fault.id, deed: .healed))
        }
    }

    /// Heals all, gives up what faults took, and arms nothing more.
    package func close() async {
        closed = true
        await healAll()
        while let fault = known.popLast() { await fault.end() }
    }

    private func remember(_ fault: any Fault) {
        // Two faults of one name are two: both may hold something.
        if !known.contains(where: { ($0 as AnyObject) === (fault as AnyObject) }) { known.append(fault) }
    }

    private func refuseWhenClosed() throws {
        guard closed else { return }
        throw FaultError(
            code: "ledger-closed", message: "The run is ending and heals its faults",
            remedy: "Arm faults before the run ends.")
    }
}
