internal import Evidence

/// Programs whose main thread only sees to it that the process lives, while its workers wait for work.
extension CodeSurvey {
    enum Stay {
        /// It is not to come to the end of its wait, or the thread whose end it waits for is not to come to its end, and nothing is to be done after that.
        case forGood
        /// Nothing is seen to be done after that, and it may be meant for good.
        case asFarAsSeen
    }

    /// Whether a main thread waits only to keep its process alive, where whoever else waits does so where a round of its work begins; nil where it has something to do when that is over.
    func stay(of main: ThreadRecord, besides threads: [ThreadRecord]) -> Stay? {
        guard let futex = main.wait?.futex, (main.wait?.timeout_s ?? 0) <= 0, main.stack.status == .complete else { return nil }
        let stack = main.stack.elements
        let (isForGood, isPlain): (Bool, Bool)
        switch futex.object {
        case .condition: (isForGood, isPlain) = (withUnnamed.neverLeaves(stack), isInOutermost(stack))
        case .join: (isForGood, isPlain) = (threads.first { $0.tid == futex.ownerTID }.map { $0.stack.status == .complete && withUnnamed.neverLeaves($0.stack.elements) } ?? false, true)
        default: return nil
        }
        let others = threads.filter { $0.tid != main.tid && $0.wait?.kind == .futex && ($0.wait?.timeout_s ?? 0) <= 0 }
        // Beside those who go on by themselves, what those can come to tells more.
        let mayRest = others.count == threads.count - 1 || isPoolBesideTickers(joined: futex.ownerTID, others, threads.filter { thread in !thread.isMain && !others.contains { $0.tid == thread.tid } })
        guard isForGood || isPlain && mayRest, !others.isEmpty, others.allSatisfy(awaitsWork) else { return nil }
        switch withUnnamed.whatFollows(stack) {
        case .work: return nil
        case .nothing where isForGood: return .forGood
        case .nothing, .unclear: return mayRest ? .asFarAsSeen : nil
        }
    }

    /// Whether it waits in `main` itself, and not in a function that is there for waiting, whose wait others may be meant to end. What the C library begins a
    /// program by is one more; without names what is compiled of the language's library cannot be told from the program's own.
    private func isInOutermost(_ stack: [Frame]) -> Bool {
        let own = withUnnamed.program(stack)
        return own.count <= (own.contains { withUnnamed.function(at: $0.programCounter)?.symbol.isEmpty == true } ? 3 : 2)
    }

    /// Whether the thread whose end is waited for is one of several that wait at the same place, and others only tick.
    private func isPoolBesideTickers(joined: Int32?, _ waiting: [ThreadRecord], _ others: [ThreadRecord]) -> Bool {
        guard let place = waiting.first(where: { $0.tid == joined })?.stack.elements.map(\.programCounter), waiting.count(where: { $0.stack.elements.map(\.programCounter) == place }) >= 2 else { return false }
        return others.allSatisfy { thread in
            guard Self.goesOn(thread), case .complete(let names) = releases(thread) else { return false }
            return names.allSatisfy { $0.contains("unlock") }
        }
    }

    private func awaitsWork(_ thread: ThreadRecord) -> Bool {
        guard Self.waitsForOthers(thread), [.condition, .semaphore].contains(thread.wait?.futex?.object) else { return false }
        let stack = thread.stack.elements
        return withUnnamed.comesBack(stack) == true && !withUnnamed.isMidRound(stack) && withUnnamed.takesFirst(stack)
    }
}
