internal import Evidence

/// Threads that wait for each other and for nobody else: what ends their waits is done by code that only they themselves come to.
///
/// Workers at rest are not among them: somebody else gave them what they have done so far, or would give them what they are to do.
extension CodeSurvey {
    private struct Member {
        var thread: ThreadRecord
        var object: UInt64
        var operand: SignalOperand
        /// What it comes past in each round before it waits.
        var before: [CodeReach.SignalSite]
        /// The same where loops count for what is in them.
        var beforeWithLoops: [CodeReach.SignalSite]
        /// What it would come to itself lets one go on who waits there.
        var givesBack: Bool
    }

    /// Of those who wait, by whom alone their waits could be ended; of several that wait for each other only those from which the trouble comes.
    func society(of waiting: [ThreadRecord]) -> [Int32: CodeAhead.Enders] {
        let waiters = waiting.filter { !$0.isMain }
        guard waiters.contains(where: { [.condition, .semaphore].contains($0.wait?.futex?.object) && reach.comesBack($0.stack.elements) == true }) else { return [:] }
        let members = closed(waiters)
        var givers = members.filter { gives($0, $0.before, to: members) }
        if givers.isEmpty { givers = members.filter { gives($0, $0.beforeWithLoops, to: members) } }
        if let first = givers.first { return Dictionary(givers.filter { $0.object == first.object }.map { ($0.thread.tid, .waiters) }, uniquingKeysWith: { first, _ in first }) }
        let takers = members.filter { $0.givesBack && $0.beforeWithLoops.isEmpty }
        return Dictionary(takers.filter { $0.object == takers[0].object }.map { ($0.thread.tid, .takers) }, uniquingKeysWith: { first, _ in first })
    }

    private func gives(_ giver: Member, _ sites: [CodeReach.SignalSite], to members: [Member]) -> Bool {
        members.contains { other in other.object != giver.object && sites.contains { $0.operand.isShown(other.object, asIn: other.operand) } }
    }

    private static let roundLimit = 6

    /// Those that are left when whoever may be let go on by others is taken out, and whoever may be let go on by those.
    private func closed(_ waiters: [ThreadRecord]) -> [Member] {
        var left = waiters
        for _ in 0..<Self.roundLimit {
            let barred = Set(left.flatMap { entries(of: $0) })
            var members: [Member] = []
            for (kind, signals) in Self.kinds {
                let own = left.filter { $0.wait?.futex?.object == kind }
                guard !own.isEmpty else { continue }
                guard let outside = reach.signalSites(besides: barred, like: signals), let all = reach.signalSites(like: signals) else { return [] }
                members += own.compactMap { member($0, outside, all, signals) }
            }
            if members.count == left.count { return members.filter { reach.comesBack($0.thread.stack.elements) == true } }
            left = members.map(\.thread)
            if left.isEmpty { return [] }
        }
        return []
    }

    private static let kinds: [(FutexWait.ObjectKind, [String])] = [(.condition, ["cond_signal", "cond_broadcast", "cnd_", "condition_variable"]), (.semaphore, ["sem_post"])]

    /// The functions by which a thread of the program's own begins.
    private func entries(of thread: ThreadRecord) -> [UInt64] {
        let own = reach.program(thread.stack.elements).compactMap { reach.function(ofFrameAt: $0.programCounter) }
        guard let last = own.last else { return [] }
        // C++'s library begins a thread by a function that is made for its closure, and calls the program's own.
        return last.symbol.hasPrefix("_ZNSt6thread11_State_impl") ? own.suffix(2).map(\.range.lowerBound) : [last.range.lowerBound]
    }

    private func member(_ thread: ThreadRecord, _ outside: [CodeReach.SignalSite], _ all: [CodeReach.SignalSite], _ signals: [String]) -> Member? {
        let stack = thread.stack.elements
        guard let object = thread.wait?.futex?.objectAddress, object != 0, !outside.contains(where: { $0.operand.mayBe(object) }), let frame = reach.program(stack).first,
            let code = reach.function(ofFrameAt: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter })
        else { return nil }
        let operand = reach.operand(of: call, in: code)
        let sites = all.filter { $0.operand.isShown(object, asIn: operand) }
        guard !sites.isEmpty else { return nil }
        let ahead = reach.sites(aheadOf: stack, like: signals).filter { $0.operand.isShown(object, asIn: operand) }
        return Member(
            thread: thread, object: object, operand: operand, before: reach.sites(before: stack, asLoops: false, like: signals),
            beforeWithLoops: reach.sites(before: stack, asLoops: true, like: signals), givesBack: !ahead.isEmpty && !sites.contains(where: \.isForAll))
    }
}
