internal import Evidence
internal import ProcessInspection

/// Who is to end a wait and cannot come to it: a thread that waits for a lock of the very waiter, whose code ends such waits behind that, and whose variables lead to what is waited for.
struct JavaEnders {
    let survey: JavaCodeSurvey
    private var heap: JavaHeap { survey.heap }
    private static let localLimit: UInt64 = 16
    private static let objectLimit = 4_000
    /// They lead to everything.
    private static let crossroads = ["java.lang.Thread", "java.lang.ClassLoader", "java.lang.Class"]

    func complete(_ waits: [Int32: ManagedWait], _ threads: inout [Int32: InspectedRuntime.Thread]) {
        for (tid, wait) in waits where [.future, .event, .condition, .semaphore].contains(wait.kind) && wait.rest == nil && wait.timeout_s == nil && wait.ownerTID == nil && wait.object != 0 {
            let enders = survey.subjects.filter { other in
                guard let lock = waits[other.thread.tid], lock.kind == .lock, lock.ownerTID == tid, other.thread.tid != tid else { return false }
                return survey.signals(of: other).contains { JavaReleasing.ends(wait, $0) == true } && leads(other, to: wait.object)
            }
            if !enders.isEmpty { threads[tid]?.wait?.enders = enders.map(\.thread.tid).sorted() }
        }
    }

    private func leads(_ other: JavaWaitReader.Subject, to target: UInt64) -> Bool {
        var open = other.frames.filter { !$0.method.isPlatform }.flatMap { frame in (0..<Self.localLimit).compactMap { JavaLocals.object(frame, $0, heap) } }
        var seen = Set(open)
        while let object = open.popLast(), seen.count < Self.objectLimit, ContinuousClock.now < survey.deadline {
            if object == target { return true }
            guard Set(heap.ancestry(of: object)).isDisjoint(with: Self.crossroads) else { continue }
            open += heap.references(of: object).filter { seen.insert($0).inserted }
        }
        return false
    }
}
