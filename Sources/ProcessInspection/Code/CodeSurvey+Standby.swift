internal import Evidence

/// Programs whose main thread only sees to it that the process lives, while its workers wait for work.
extension CodeSurvey {
    /// Whether a main thread waits only to keep its process alive: it is not to come to the end of that wait, or the thread whose end it waits for is not to come to its end;
    /// nothing is to be done after that; and whoever else waits does so where a round of its work begins.
    func onlyStays(_ main: ThreadRecord, besides threads: [ThreadRecord]) -> Bool {
        guard let futex = main.wait?.futex, (main.wait?.timeout_s ?? 0) <= 0, main.stack.status == .complete else { return false }
        let isForGood: Bool
        switch futex.object {
        case .condition: isForGood = reach.neverLeaves(main.stack.elements)
        case .join: isForGood = threads.first { $0.tid == futex.ownerTID }.map { $0.stack.status == .complete && reach.neverLeaves($0.stack.elements) } ?? false
        default: return false
        }
        let others = threads.filter { $0.tid != main.tid && $0.wait?.kind == .futex && ($0.wait?.timeout_s ?? 0) <= 0 }
        return isForGood && !others.isEmpty && others.allSatisfy(awaitsWork) && reach.leadsToNothing(main.stack.elements)
    }

    private func awaitsWork(_ thread: ThreadRecord) -> Bool {
        guard Self.waitsForOthers(thread), [.condition, .semaphore].contains(thread.wait?.futex?.object) else { return false }
        let stack = thread.stack.elements
        return reach.comesBack(stack) == true && !isMidRound(thread) && reach.takesFirst(stack)
    }
}
