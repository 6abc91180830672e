package import Evidence

/// Who waits for whom in a snapshot, over all its processes.
package struct WaitGraph: Sendable {
    package let index: SnapshotIndex
    package let activity: Activity
    /// Real seconds after which a wait that should end counts as a hang.
    package let hungAfter_s: Double
    package internal(set) var edges: [NodeKey: [WaitEdge]] = [:]
    /// Tasks that another task waits for.
    package private(set) var awaited: Set<NodeKey> = []
    /// Threads at rest, and where, as found while building: event loops, accept ...
    package internal(set) var rest: [NodeKey: String] = [:]
    /// Processes in which nothing can run any more: nobody inside could act, and nothing is left that would wake them.
    package internal(set) var quiet: Set<Int32> = []
    /// Processes in which some go on by themselves, of whom none can come to code that lets others go on; the rest is as in the quiet ones.
    package internal(set) var lulled: Set<Int32> = []
    /// Event loops of which is known who could wake them.
    package internal(set) var loops: [NodeKey: Loop] = [:]
    /// Threads of pools that are full of tasks which wait for other tasks, each with its pool's size.
    package internal(set) var fullPools: [Int32: Int] = [:]

    /// Edges beyond this are not added: evidence is untrusted.
    static let edgeLimit = 200_000
    private var edgeCount = 0
    /// Where edges begin, in the order in which they were added: the same evidence gives the same answer.
    private var order: [NodeKey] = []

    init(index: SnapshotIndex, activity: Activity, hungAfter_s: Double) {
        self.index = index
        self.activity = activity
        self.hungAfter_s = hungAfter_s
    }

    /// Builds the graph of the last of `snapshots`; the first tells what changed since.
    ///
    /// - Parameter samples: cheap readings; those between both snapshots are used.
    package init(snapshots: [Snapshot], samples: [Sample], hungAfter_s: Double) {
        let ordered = snapshots.sorted { $0.takenAt < $1.takenAt }
        let last = ordered.last ?? Snapshot(
            reason: .requested, takenAt: Moment(monotonic_s: 0), clocks: ClockReading(monotonic_s: 0, boottime_s: 0, wall_s: 0),
            host: HostRecord(name: "", kernel: "", architecture: "", bootID: "", processors: 1),
            subject: ProcessIdentity(pid: 0, startTicks: 0))
        let earlier = ordered.count > 1 && ordered[0].host.bootID == last.host.bootID ? SnapshotIndex(ordered[0]) : nil
        let later = SnapshotIndex(last, earlier: earlier)
        self.init(index: later, activity: Activity(earlier: earlier, later: later, samples: samples), hungAfter_s: hungAfter_s)
        addThreads()
        addFileLocks()
        addTasks()
        addFutureWaits()
        findQuiet()
        findFullPools()
    }

    mutating func add(_ edge: WaitEdge) {
        guard edgeCount < Self.edgeLimit else { return }
        edgeCount += 1
        if edges[edge.from] == nil { order.append(edge.from) }
        edges[edge.from, default: []].append(edge)
        if edge.relation == .awaits { awaited.insert(edge.to) }
    }

    package func out(_ node: NodeKey) -> [WaitEdge] { edges[node] ?? [] }

    package var allEdges: [WaitEdge] { order.flatMap { edges[$0] ?? [] } }
}
