internal import Evidence
internal import ProcessInspection

/// Threads in the middle of work that ends another thread's wait: those in blocks handed over with a group of Dispatch, those that have taken all permits of a
/// semaphore, and those that run the operation of Foundation which is waited for.
///
/// What is queued and was not begun is nobody's yet, and not among them.
struct DispatchEnders {
    /// From a stack to an operation, its NSCondition and that one's condition variable (swift-corelibs-foundation, Operation.swift, NSLock.swift).
    private static let operationDepth = 3
    private static let maximumThreads = 256

    let copies: [ThreadCopy]
    let reach: ObjectReach

    /// By thread that waits: the threads that may end its wait, where there are some.
    ///
    /// - Parameter objects: waits for objects of Dispatch, completed with those.
    func threads(ending objects: [Int32: ThreadWait], among threads: [ThreadRecord]) -> [Int32: [Int32]] {
        let atWork = threads.filter(Self.isAtWork)
        guard atWork.count <= Self.maximumThreads else { return [:] }
        var found: [Int32: [Int32]] = [:]
        for (tid, wait) in objects {
            guard let futex = wait.futex else { continue }
            found[tid] = futex.flavour == "dispatch group" ? members(of: futex.objectAddress, atWork, objects) : holders(of: futex, atWork, objects)
        }
        for thread in threads where objects[thread.tid] == nil && Self.awaitsOperation(thread) {
            guard let condition = thread.wait?.futex?.objectAddress else { continue }
            let runners = Set(atWork.filter { $0.tid != thread.tid && Self.runsOperation($0) }.map(\.tid))
            found[thread.tid] = reach.threads(leadingTo: [condition], from: copies.filter { runners.contains($0.tid) }, depth: Self.operationDepth)[condition]
        }
        return found.filter { !$0.value.isEmpty }
    }

    /// A block's group lies on the stack of whoever runs it, in the function that leaves the group afterwards (libdispatch src/queue.c,
    /// `_dispatch_continuation_with_group_invoke`).
    private func members(of group: UInt64, _ atWork: [ThreadRecord], _ objects: [Int32: ThreadWait]) -> [Int32] {
        let runners = Set(atWork.filter { objects[$0.tid]?.futex?.objectAddress != group && DispatchQueueWaits.isInBlock($0) }.map(\.tid))
        return copies.filter { runners.contains($0.tid) && $0.stack.words.contains(group) }.map(\.tid)
    }

    /// Those at work that lead to it and do not wait for it themselves, where they are as many as it had permits.
    private func holders(of semaphore: FutexWait, _ atWork: [ThreadRecord], _ objects: [Int32: ThreadWait]) -> [Int32] {
        guard let permits = semaphore.count, permits > 0 else { return [] }
        let others = Set(atWork.filter { objects[$0.tid]?.futex?.objectAddress != semaphore.objectAddress }.map(\.tid))
        let leading = reach.threads(leadingTo: [semaphore.objectAddress], from: copies.filter { others.contains($0.tid) })[semaphore.objectAddress] ?? []
        return leading.count == permits ? leading : []
    }

    /// Stands in the program's own code at something that another thread has to end.
    private static func isAtWork(_ thread: ThreadRecord) -> Bool {
        thread.wait?.kind == .futex && (thread.wait?.timeout_s ?? 0) <= 0 && thread.stack.elements.contains(where: \.isOfProgram)
    }

    private static func awaitsOperation(_ thread: ThreadRecord) -> Bool {
        thread.wait?.futex?.object == .condition && thread.stack.elements.prefix(16).contains { $0.symbol?.hasPrefix("$s10Foundation9OperationC17waitUntilFinished") == true }
    }

    private static func runsOperation(_ thread: ThreadRecord) -> Bool {
        thread.stack.elements.contains { $0.symbol?.hasPrefix("$s10Foundation14OperationQueueC8_execute") == true }
    }
}
