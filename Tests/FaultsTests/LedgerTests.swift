import Faults
import Synchronization
import Testing

@Suite struct LedgerTests {
    private final class Journal: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private func fault(_ id: String, _ journal: Journal, failing: Bool = false) -> any Fault {
        SwitchFault(
            id: id,
            arm: {
                journal.add("arm \(id)")
                if failing { throw FaultError(code: "failed", message: "no", remedy: "none") }
            }, heal: { journal.add("heal \(id)") })
    }

    @Test func healsLastFirstAndOnce() async throws {
        let journal = Journal()
        let ledger = FaultLedger()
        for id in ["a", "b", "c"] { try await ledger.arm(fault(id, journal)) }
        await ledger.heal("b")
        await ledger.heal("b")
        await ledger.healAll()
        await ledger.healAll()
        #expect(journal.all == ["arm a", "arm b", "arm c", "heal b", "heal c", "heal a"])
    }

    @Test func healsWhatFailedHalfWay() async throws {
        let journal = Journal()
        let ledger = FaultLedger { journal.add("\($0.deed.rawValue) \($0.fault)") }
        await #expect(throws: FaultError.self) { try await ledger.arm(fault("a", journal, failing: true)) }
        #expect(journal.all == ["arm a", "heal a", "failed a"])
        #expect(await ledger.armedNames.isEmpty)
    }

    @Test func armsNothingOnceClosed() async throws {
        let journal = Journal()
        let ledger = FaultLedger()
        try await ledger.arm(fault("a", journal))
        await ledger.close()
        await #expect(throws: FaultError.self) { try await ledger.arm(fault("b", journal)) }
        #expect(journal.all == ["arm a", "heal a"])
    }

    @Test func armingANameAgainHealsTheFormer() async throws {
        let journal = Journal()
        let ledger = FaultLedger()
        try await ledger.arm(fault("a", journal))
        try await ledger.arm(fault("a", journal))
        #expect(journal.all == ["arm a", "heal a", "arm a"])
    }

    /// Arms and closes at once, many times: nothing is ever left armed.
    @Test func nothingStaysArmedThroughARace() async throws {
        for _ in 0..<50 {
            let balance = Mutex(0)
            let box = Box(balance)
            let ledger = FaultLedger()
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        try? await ledger.arm(
                            SwitchFault(
                                id: "f\(index)",
                                arm: {
                                    box.add(1)
                                    await Task.yield()
                                }, heal: { box.add(-1) }))
                    }
                }
                group.addTask { await ledger.close() }
            }
            #expect(box.value == 0)
        }
    }

    private final class Box: Sendable {
        private let number: Mutex<Int>
        init(_ number: consuming Mutex<Int>) { self.number = number }
        func add(_ more: Int) { number.withLock { $0 += more } }
        var value: Int { number.withLock { $0 } }
    }
}
