import Evidence

extension Follower {
    /// A task that was cancelled at both looks, does the same at both, and for which another task waits.
    func ignoresCancellation(_ task: TaskRecord, _ key: NodeKey, _ found: Outcome) -> Outcome? {
        guard task.isCancelled, graph.awaited.contains(key), let earlier = activity.earlier?.task(task.pid, task.id), earlier.isCancelled else { return nil }
        func stays(isBusy: Bool) -> Outcome {
            .stuck(Standstill(end: key, ending: .cancelledStays(isBusy: isBusy), isCommitted: true))
        }
        if let ignores = task.codeAhead?.ignoresCancellation { return ignores && goesRound(task, earlier, found) ? stays(isBusy: false) : nil }
        switch found {
        case .stuck(let standstill):
            // What it waits for itself is its own matter; another's silence is the root.
            guard standstill.end == key else { return nil }
            return stays(isBusy: false)
        case .parked(let standstill):
            guard before(task) != nil else { return nil }
            switch standstill.ending {
            case .taskAtRest, .streamOpen, .timer, .neverSignalled: return stays(isBusy: false)
            default: return nil
            }
        case .advancing:
            guard task.wait?.task == nil, task.wait?.kind != .group, isComputing(task) else { return nil }
            return stays(isBusy: true)
        case .atRest, .unclear: return nil
        }
    }

    /// A task whose code was read may put things in order as long as it likes: at both looks it did not. Who waits for its next item is through with what was
    /// cancelled, unless nobody is left who would bring one.
    private func goesRound(_ task: TaskRecord, _ earlier: TaskRecord, _ found: Outcome) -> Bool {
        if case .stuck(let standstill) = found {
            guard standstill.path.count == 1, case .neverSignalled = standstill.ending else { return false }
        } else if [.queueTake, .event, .condition].contains(task.managedWait?.kind) {
            return false
        }
        return activity.window_s >= graph.hungAfter_s * 0.8 && earlier.codeAhead?.ignoresCancellation == true
    }

    /// Whether it computed all the time: it had a processor for much of it, or never gave one up by itself.
    private func isComputing(_ task: TaskRecord) -> Bool {
        guard activity.window_s >= graph.hungAfter_s * 0.8, task.state == .running, let tid = task.runningOnTID,
            case .ran(let share) = activity.change(of: tid), let now = index.thread(tid), let before = activity.earlier?.thread(tid)
        else { return false }
        if share >= Self.computingShare { return true }
        guard let switches = now.voluntarySwitches, let earlier = before.voluntarySwitches else { return false }
        return now.state == "R" && before.state == "R" && switches <= earlier + Self.stopSwitches
    }

    /// On a loaded machine a thread that never waits gets less than a whole processor.
    private static let computingShare = 0.4
    /// A snapshot's stop and the look before it cost a thread a few switches of its own (measured: 1 to 3).
    private static let stopSwitches: UInt64 = 6
}
