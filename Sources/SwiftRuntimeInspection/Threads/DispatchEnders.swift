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
    /// Six registers are the callee's to save (System V ABI for AMD64, 3.2.1), by a thunk around a closure or by the closure.
    private static let savedWords = 20

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
            found[tid] = futex.flavour == "dispatch group" ? members(of: futex.objectAddress, atWork, objects) : holders(of: futex, threads, objects)
        }
        for thread in threads where objects[thread.tid] == nil && Self.awaitsOperation(thread) {
            guard let condition = thread.wait?.futex?.objectAddress else { continue }
            let runners = atWork.filter { $0.tid != thread.tid && Self.runsOperation($0) }
            found[thread.tid] = reach.threadsSurely(leadingTo: condition, from: copies(of: runners), depth: Self.operationDepth) ?? []
        }
        return found.filter { !$0.value.isEmpty }
    }

    private func copies(of threads: [ThreadRecord]) -> [ThreadCopy] {
        let wanted = Set(threads.map(\.tid))
        return copies.filter { wanted.contains($0.tid) }
    }

    /// A block's group is kept by Dispatch's function that runs it and leaves the group afterwards (libdispatch src/queue.c,
    /// `_dispatch_continuation_with_group_invoke`): in its own stack frame, or where what it calls saves its caller's registers, which lies right before. The
    /// program's own functions hold Swift's object for the group, and not its address.
    private func members(of group: UInt64, _ atWork: [ThreadRecord], _ objects: [Int32: ThreadWait]) -> [Int32] {
        atWork.filter { thread in
            guard objects[thread.tid]?.futex?.objectAddress != group, let runner = thread.stack.elements.last(where: DispatchQueueWaits.runsBlock),
                let words = copies.first(where: { $0.tid == thread.tid })?.stack.words, let place = words.lastIndex(of: runner.programCounter)
            else { return false }
            return words[max(0, place - Self.savedWords)...].contains(group)
        }.map(\.tid)
    }

    /// Those at work that lead to it and do not wait for it themselves, where they are as many as it had permits, and nobody else could have one: whoever
    /// reads or computes meanwhile, and of a single permit also who sleeps.
    private func holders(of semaphore: FutexWait, _ threads: [ThreadRecord], _ objects: [Int32: ThreadWait]) -> [Int32] {
        guard let permits = semaphore.count, permits > 0 else { return [] }
        let others = threads.filter { thread in
            objects[thread.tid]?.futex?.objectAddress != semaphore.objectAddress && thread.stack.elements.contains(where: \.isOfProgram)
                && (permits == 1 || thread.wait?.kind != .sleep)
        }
        guard let leading = reach.threadsSurely(leadingTo: semaphore.objectAddress, from: copies(of: others)), leading.count == permits else { return [] }
        let atWork = Set(others.filter(Self.isAtWork).map(\.tid))
        return leading.allSatisfy(atWork.contains) ? leading : []
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
