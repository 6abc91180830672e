internal import Evidence
internal import ProcessInspection

/// Who could still resume a continuation: what in memory refers to it and can itself still act.
///
/// A continuation is known by its task's address. Memory is marked from where something can run: globals, live stacks
/// and registers, and tasks that run, are enqueued or sleep. A suspended task's memory is entered only once that task
/// could go on: its continuation was reached, or the task or group it waits for could end. What is reached so is a
/// possible resumer, no certain one; a continuation that is not reached is a proof that nobody can resume it.
struct ResumerReader {
    /// For looking closely, and for copying all of it.
    let memory: any MemoryReader
    let live: any MemoryReader
    let touched: (any TouchedPages)?
    let mappings: [MemoryMapping]
    let runtime: ConcurrencyRuntime
    let types: TypeNames
    let tasks: [RawTask]
    let records: [StatusRecords]
    let dependencies: [Dependency?]
    let kin: Kinship
    let threads: ThreadStacks
    let backtrace: (Int) -> Backtraces.Named
    /// Address of Dispatch's timers, where it is known.
    let timersHeap: UInt64?
    /// Whether threads wait for others in a process in which Dispatch has timers: then it counts what those run.
    let followsTimers: Bool
    /// Futures of event loops that threads wait for.
    var futures: Set<UInt64> = []
    let deadline: ContinuousClock.Instant

    /// Among more tasks nobody is searched for: it took 0.4 s for 10 000 and 4 s for 100 000 (`Benchmarks/tasks`).
    static let maximumTasks = 20_000
    /// At most so many holders of one continuation are named.
    static let maximumNamed = 8

    struct Finding {
        var resumers: Observed<[String]>
        /// From the canary of a checked continuation: the function that made it.
        var createdBy: String?
        /// Real seconds until the timer fires that would resume it.
        var remaining_s: Double?
        var eventLoopTID: Int32?
        var isEventLoopShutDown: Bool?
        var descriptor: Int32?
        var awaitsClose: Bool?
        var answerMissing_bytes: UInt64?
        var answersTo: String?
        var isInputDecoded: Bool?
        var watcherTID: Int32?
        var onlyThrough: [String]?
        /// For a task asleep: addresses in the program's own file that lie in memory to which it leads.
        var held: Set<UInt64>?

        func complete(_ wait: inout TaskWait) {
            wait.createdBy = createdBy
            wait.resumers = resumers
            if wait.kind == .sleep { wait.remaining_s = remaining_s }
            wait.eventLoopTID = eventLoopTID
            wait.isEventLoopShutDown = isEventLoopShutDown
            wait.descriptor = descriptor
            wait.awaitsClose = awaitsClose
            wait.answerMissing_bytes = answerMissing_bytes
            wait.answersTo = answersTo
            wait.isInputDecoded = isInputDecoded
            wait.watcherTID = watcherTID
            wait.onlyThrough = onlyThrough
        }
    }

    /// The wait that a library's function among a task's innermost frames stands for.
    func libraryWait(_ task: Int) -> TaskWait.Kind? { backtrace(task).libraryWait }

    /// - Parameters:
    ///   - waiters: indices of tasks that wait for a continuation.
    ///   - timers: of Dispatch's timers that run something else, the code that each may come to by way of closures.
    ///   - leads: by future that a thread waits for, what leads to it.
    func findings(for waiters: [Int], timers: inout [Set<UInt64>], leads: inout [UInt64: FutureLead]) -> [Int: Finding] {
        guard !waiters.isEmpty || followsTimers || !futures.isEmpty else { return [:] }
        guard tasks.count <= Self.maximumTasks else {
            return unsearched(waiters, "more than \(Self.maximumTasks) tasks: not searched")
        }
        let pieces = HeapMap(memory: memory, threads: threads).pieces(of: mappings)
        guard let reachable = ReachableMemory(watched: tasks.map(\.address), pieces: pieces, memory: live, touched: touched, deadline: deadline)
        else { return unsearched(waiters, "no memory for the search") }
        if let shortfall = reachable.shortfall { return unsearched(waiters, shortfall) }
        var search = LivenessSearch(self, reachable)
        guard !waiters.isEmpty else {
            if followsTimers { timers = TimerHandlers(search: search).held(by: search.deadlines().others) }
            leads = search.leads(search.channels())
            return [:]
        }
        search.run()
        search.followStuckTasks()
        return search.findings(for: waiters, timers: &timers, leads: &leads)
    }

    private func unsearched(_ waiters: [Int], _ reason: String) -> [Int: Finding] {
        Dictionary(waiters.map { ($0, Finding(resumers: .unavailable(reason: reason))) }, uniquingKeysWith: { first, _ in first })
    }
}
