internal import Evidence
internal import Faults
internal import Monitoring
internal import Processes
internal import Scenario
internal import Synchronization

/// Arms each fault of a variant when its moment has come, and heals those whose time is over.
final class FaultScheduler: Sendable {
    private struct Waiting {
        var plan: FaultPlan
        var fault: any Fault
    }
    private struct State {
        var waiting: [Waiting] = []
        /// Armed before the time began, and to be healed in it.
        var armed: [FaultPlan] = []
        var counts: [String: Int] = [:]
        var tasks: [Task<Void, Never>] = []
    }

    let ledger: FaultLedger
    private let clock: ScenarioClock
    private let state = Mutex(State())
    /// The first fault that could not be armed.
    let failure = Latch<HarnessError>()

    init(truth: TruthLog, clock: ScenarioClock) {
        ledger = FaultLedger { truth.note($0) }
        self.clock = clock
    }

    /// Makes all faults ready, so that arming is quick; arms those that begin before the subject.
    func prepare(_ plans: [FaultPlan], context: FaultContext) async throws {
        for plan in plans {
            do {
                let fault = try FaultRegistry.make(id: plan.id, kind: plan.kind, options: plan.options, context: context)
                try await ledger.prepare(fault)
                if case .start = plan.when {
                    try await ledger.arm(fault)
                    if plan.for_s != nil { state.withLock { $0.armed.append(plan) } }
                } else {
                    state.withLock { $0.waiting.append(Waiting(plan: plan, fault: fault)) }
                }
            } catch {
                throw HarnessError(error, doing: "fault \(plan.id)")
            }
        }
    }

    /// The scenario's time begins.
    func begin() {
        for plan in state.withLock({ $0.armed }) { start { [self] in await heal(plan) } }
        let timed = take { if case .at = $0.when { true } else { false } }
        for waiting in timed {
            guard case .at(let seconds) = waiting.plan.when else { continue }
            start { [self] in
                guard (try? await clock.sleep(until: seconds)) != nil else { return }
                await arm(waiting)
            }
        }
    }

    func observe(_ event: Event) {
        let due = state.withLock { state -> [Waiting] in
            guard !state.waiting.isEmpty else { return [] }
            state.counts[event.name, default: 0] += 1
            let count = state.counts[event.name] ?? 0
            let due = state.waiting.filter { waiting in
                switch waiting.plan.when {
                case .event(let name, let ordinal): name == event.name && count >= ordinal
                case .progress(let percent):
                    event.kind == .progress && (event.attributes["progress"]?.number ?? -1) >= percent
                case .start, .at: false
                }
            }
            state.waiting.removeAll { waiting in due.contains { $0.plan.id == waiting.plan.id } }
            return due
        }
        for waiting in due { start { [self] in await arm(waiting) } }
    }

    /// Heals everything; nothing is armed any more.
    func end() async {
        let tasks = state.withLock { state in
            state.waiting = []
            return state.tasks
        }
        tasks.forEach { $0.cancel() }
        await ledger.close()
    }

    private func take(_ isWanted: (FaultPlan) -> Bool) -> [Waiting] {
        state.withLock { state in
            let taken = state.waiting.filter { isWanted($0.plan) }
            state.waiting.removeAll { isWanted($0.plan) }
            return taken
        }
    }

    private func start(_ body: @escaping @Sendable () async -> Void) {
        let task = Task { await body() }
        state.withLock { $0.tasks.append(task) }
    }

    private func arm(_ waiting: Waiting) async {
        do {
            try await ledger.arm(waiting.fault)
        } catch {
            if !Task.isCancelled { failure.set(HarnessError(error, doing: "fault \(waiting.plan.id)")) }
            return
        }
        await heal(waiting.plan)
    }

    /// When its time is over, where it has one.
    private func heal(_ plan: FaultPlan) async {
        if let seconds = plan.for_s, (try? await clock.sleep(seconds)) != nil { await ledger.heal(plan.id) }
    }
}
