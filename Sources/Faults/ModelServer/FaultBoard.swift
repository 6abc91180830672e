internal import Synchronization

/// The faults armed at a server now; exchanges look at it before every step and wait on it.
final class FaultBoard: Sendable {
    private struct Armed {
        var name: String
        var behaviour: ServerBehaviour
        /// Most requests it may hit; nil for all.
        var times: Int?
        var hit: Set<Int> = []
    }

    private struct State {
        var armed: [Armed] = []
        /// Counts changes.
        var version = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    private let state = Mutex(State())

    var version: Int { state.withLock { $0.version } }

    func arm(_ name: String, _ behaviour: ServerBehaviour, times: Int?) {
        change { $0.armed.append(Armed(name: name, behaviour: behaviour, times: times)) }
    }

    func heal(_ name: String) {
        change { $0.armed.removeAll { $0.name == name } }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            state.version += 1
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// The first armed fault that matches and may still hit this request, which then counts as hit.
    func effect<Effect>(on request: Int, _ match: (ServerBehaviour) -> Effect?) -> Effect? {
        state.withLock { state in
            for index in state.armed.indices {
                let armed = state.armed[index]
                if let times = armed.times, !armed.hit.contains(request), armed.hit.count >= times { continue }
                guard let effect = match(armed.behaviour) else { continue }
                if armed.times != nil { state.armed[index].hit.insert(request) }
                return effect
            }
            return nil
        }
    }

    func isArmed(_ match: (ServerBehaviour) -> Bool) -> Bool {
        state.withLock { $0.armed.contains { match($0.behaviour) } }
    }

    /// Suspends until the board differs from `version` or the deadline has come; throws when cancelled.
    func wait(since version: Int, until deadline: ContinuousClock.Instant? = nil) async throws {
        guard let deadline else { return try await changed(since: version) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Task.sleep(until: deadline, clock: .continuous) }
            group.addTask { try await self.changed(since: version) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func changed(since version: Int) async throws {
        let key = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    // Cancellation sets its mark before it calls the handler below: one of the two sees the other.
                    if state.version != version || Task.isCancelled { return false }
                    state.waiters[key] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume()
        }
        try Task.checkCancellation()
    }
}
