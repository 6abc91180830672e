import Evidence
import WaitGraph

extension Remedy {
    /// For waits in the terms of a language's runtime that nobody ends: what the object's other side has to do, and how this side bounds its wait.
    static func managed(_ waiter: NodeKey, _ language: Language, _ index: SnapshotIndex) -> String? {
        guard let wait = index.managedWait(of: waiter), language == .python || language == .java else { return nil }
        let isAsync = wait.typeName.hasPrefix("asyncio.")
        let limit = bound(wait.kind, language, isAsync)
        switch wait.kind {
        case .queueTake:
            return "Tell those who take that nothing more will come, on every path of those who put, failure included (an end mark for each of them), and take with a limit: \(limit)."
        case .queuePut:
            return "Take items out while those who put still run: do not wait for their end before the queue is drained, and let a consumer that fails be noticed. Put with a limit: \(limit)."
        case .queueJoin:
            return "Call `task_done()` in `finally`, once for every item taken, and replace a worker that dies: `join` has no limit of its own."
        case .future:
            return "Complete it on every path, failure and cancellation included (\(completing(language))), and wait with a limit: \(limit)."
        case .event where wait.typeName.hasSuffix("CountDownLatch"):
            return "Count down in `finally`, as often as the latch was made for: a party that fails or never starts must count too. Wait with a limit: \(limit)."
        case .event:
            return "Bring it about on every path, failure included (`finally`), and wait with a limit whose expiry is looked at: \(limit)."
        case .condition:
            return "Change the state under the condition's lock and notify after every change; wait in a loop on the state, not on the notice, and with a limit: \(limit)."
        case .barrier:
            return "Make the barrier for the number of parties that really run, and let one that fails break it for the others (\(language == .python ? "`abort()`" : "`reset()`, or its interruption")). Wait with a limit: \(limit)."
        case .threadEnd:
            return "Let the thread's loop look at what should end it (a flag, an end mark in its queue), and wait with a limit: \(limit)."
        case .lock, .semaphore, .sleep, .read, .housekeeping: return nil
        }
    }

    private static func bound(_ kind: ManagedWait.Kind, _ language: Language, _ isAsync: Bool) -> String {
        guard language == .python else {
            return switch kind {
            case .queueTake: "`poll(timeout, unit)`"
            case .queuePut: "`offer(item, timeout, unit)`"
            case .future: "`get(timeout, unit)` or `orTimeout`"
            case .threadEnd: "`join(millis)`"
            default: "`await(timeout, unit)`"
            }
        }
        if isAsync { return "`asyncio.timeout`" }
        return switch kind {
        case .queueTake: "`get(timeout=)`"
        case .queuePut: "`put(item, timeout=)`"
        case .future: "`result(timeout=)`"
        case .threadEnd: "`join(timeout=)` and `is_alive()`"
        case .condition: "`wait_for(predicate, timeout=)`"
        default: "`wait(timeout=)`"
        }
    }

    private static func completing(_ language: Language) -> String {
        language == .python ? "`set_exception` where the work fails, `cancel` where it is given up" : "`completeExceptionally` where the work fails"
    }
}
