internal import Evidence
internal import Glibc
internal import Processes

/// One capture under way.
final class CaptureSession {
    private let options: CaptureOptions
    private let images: ModuleImageCache
    private let began = ContinuousClock.now
    private let clocks = HostFacts.clocks()
    private let deadline: ContinuousClock.Instant
    private var processes: [ProcessCapture] = []
    private var unobserved: [Unobserved] = []
    private var machine: MachineDescriptors?
    private var machineReading: Underway<MachineDescriptors>?
    private var lockReading: Underway<LockTable>?
    private var table = SocketTable.Reading()
    /// Network namespaces whose sockets were read, each with a process that lives in it.
    private var networks: [UInt64: Int32] = [:]
    private var socketTrouble: [String] = []
    /// Made when first asked for, and again when more sockets were read.
    private var peers: SocketPeers?

    init(options: CaptureOptions, images: ModuleImageCache) {
        self.options = options
        self.images = images
        deadline = began + options.limits.time
    }

    func run(pid: Int32, ordinal: Int, reason: SnapshotReason, scenarioTime: Double?) -> Snapshot {
        let identity = ProcessIdentity(pid: pid, startTicks: (try? ProcDirectory(pid: pid).stat().startTicks) ?? 0)
        var snapshot = Snapshot(
            ordinal: ordinal, reason: reason,
            takenAt: Moment(monotonic_s: clocks.monotonic_s, scenario_s: scenarioTime), clocks: clocks,
            host: HostFacts.record(), subject: identity)
        add(pid, .subject, because: nil)
        guard !processes.isEmpty else {
            snapshot.processes = .unavailable(reason: "there is no process \(pid)")
            snapshot.unobserved = unobserved
            return snapshot
        }
        addDescendants(of: pid)
        // Meanwhile, on another thread.
        machineReading = Underway { [end = min(deadline, .now + .seconds(5))] in MachineDescriptors(deadline: end) }
        look(from: 0)
        gather(from: 0)
        explain(from: 0)
        checkIdentity(identity)
        follow()
        fill(&snapshot)
        return snapshot
    }

    // MARK: Processes

    private func add(_ pid: Int32, _ role: ProcessRole, because: String?) {
        do throws(ProcFSError) {
            let target = try CaptureTarget(pid: pid)
            let mode: StopMode = role == .followed && options.follow.mode != .full ? .never : options.stopMode
            processes.append(
                ProcessCapture(
                    target: target, role: role, because: because, mode: role == .followed && mode == .stopAll ? .perThread : mode,
                    options: options, clocks: clocks, images: images, deadline: deadline))
        } catch {
            unobserved.append(Unobserved(what: "process \(pid)", why: error.isGone ? "it has ended" : "\(error)"))
        }
    }

    /// Children, grandchildren and so on, those nearest first.
    private func addDescendants(of pid: Int32) {
        var queue = [pid]
        var seen: Set<Int32> = [pid]
        while let next = queue.first {
            queue.removeFirst()
            let children = processes.first { $0.target.pid == next }?.record.value?.children ?? []
            for child in children where seen.insert(child).inserted {
                guard processes.count < options.limits.descendants else {
                    unobserved.append(Unobserved(what: "further descendants of process \(pid)", why: "only \(options.limits.descendants) processes are captured"))
                    return
                }
                add(child, .descendant, because: nil)
                queue.append(child)
            }
        }
    }

    private func look(from first: Int) {
        let aside = Aside()
        // The kernel lets whoever reads it wait for all its processors (fs/locks.c, locks_start).
        lockReading = Underway { LockTable() }
        for index in processes.indices[first...] { processes[index].look(aside) }
        aside.hurry()
        for process in processes[first...] { process.anticipate(aside) }
    }

    private func gather(from first: Int) {
        // What changes soonest comes first: connections, then descriptors.
        for index in processes.indices[first...] { readSockets(of: processes[index].target) }
        if machine == nil {
            machine = machineReading?.value
            readOtherNetworks()
        }
        for index in processes.indices[first...] { processes[index].gather(options: options, deadline: deadline) }
    }

    private func explain(from first: Int) {
        for index in processes.indices[first...] { processes[index].explain(options: options, deadline: deadline) }
    }

    private func readSockets(of target: CaptureTarget) {
        guard let namespace = try? target.proc.namespace("net"), networks[namespace] == nil else { return }
        networks[namespace] = target.pid
        let reading = SocketTable.reading(networkNamespaceOf: target.pid)
        if let value = reading.value { table.append(value); peers = nil }
        if let reason = reading.reason { socketTrouble.append(reason) }
    }

    /// Other network namespaces of this machine: where the other ends of connections may be.
    private func readOtherNetworks() {
        guard let machine, table.sockets.contains(where: { $0.remote != nil || $0.unixPeerInode != nil }) else { return }
        for (network, pid) in machine.networks.sorted(by: { $0.value < $1.value }) where networks[network] == nil {
            guard networks.count < Self.maximumNetworks, ContinuousClock.now < deadline else {
                unobserved.append(Unobserved(what: "sockets of further network namespaces", why: "\(networks.count) of \(machine.networks.count) were read"))
                return
            }
            networks[network] = pid
            // One that may not be entered hides the other ends only: the sockets show as connected to elsewhere.
            if let value = SocketTable.reading(networkNamespaceOf: pid).value { table.append(value) }
        }
    }
    private static let maximumNetworks = 64

    /// A program that replaced itself, or a pid that was given away, meanwhile.
    private func checkIdentity(_ identity: ProcessIdentity) {
        guard let first = processes.first else { return }
        let stat = try? first.target.proc.stat()
        if stat == nil || stat?.startTicks != identity.startTicks {
            unobserved.append(Unobserved(what: "the end of process \(identity.pid)", why: "it ended while it was being captured: what is recorded is from before"))
        } else if let before = first.record.value?.executable, let after = try? first.target.proc.executable(), !after.hasPrefix(before) {
            unobserved.append(Unobserved(what: "one state of process \(identity.pid)", why: "it executed another program (\(after)) while it was being captured: tables may mix both"))
        }
    }

    // MARK: Tables

    private var descriptors: [Descriptor] { processes.flatMap { $0.descriptors.elements } }
    /// With who else has them, where it matters.
    private var sharedDescriptors: [Descriptor] {
        var rows = descriptors
        if let machine { SharedEvents(machine: machine, threads: threads).fill(&rows) }
        return rows
    }
    private var threads: [ThreadRecord] { processes.flatMap { $0.threads?.threads.elements ?? [] } }

    private func sockets() -> Observed<[SocketRecord]> {
        let inodes = Set(descriptors.filter { $0.kind == .socket }.compactMap(\.inode))
        guard let machine else { return .unavailable(reason: "not captured") }
        if table.sockets.isEmpty, let trouble = socketTrouble.first { return .unavailable(reason: trouble) }
        let peers = peers ?? SocketPeers(table: table, machine: machine, networks: networks)
        self.peers = peers
        let listed = peers.records(for: inodes)
        let records = listed + UnlistedSockets.records(descriptors, known: Set(listed.map(\.inode)), machine: machine)
        let reasons = socketTrouble + (machine.incomplete.map { [$0] } ?? [])
        return reasons.isEmpty ? .complete(records) : .partial(records, reason: reasons.joined(separator: "; "))
    }

    private func pipes() -> Observed<[PipeRecord]> {
        guard let machine else { return .unavailable(reason: "not captured") }
        return PipeCollector(machine: machine).pipes(of: descriptors, opening: threads.compactMap { $0.wait?.openedFIFO })
    }

    private func locks() -> Observed<[FileLock]> {
        guard let machine, let table = lockReading?.value else { return .unavailable(reason: "not captured") }
        return LockCollector(machine: machine, table: table, descriptors: descriptors, threads: threads).locks()
    }

    // MARK: Following

    /// What need not be followed: this process and its watcher too, which wait for nothing but the capture's end.
    private var captured: Set<Int32> { Set(processes.map(\.target.pid) + [getpid(), WatchedWork.watcherPID ?? 0]) }

    private var plan: FollowPlan {
        FollowPlan(
            threads: threads, descriptors: sharedDescriptors, pipes: pipes().elements, sockets: sockets().elements, locks: locks().elements,
            children: processes.reduce(into: [:]) { $0[$1.target.pid] = $1.record.value?.children ?? [] })
    }

    private func follow() {
        let limits = options.follow
        guard limits.mode != .none else { return }
        let end = min(deadline, .now + limits.time)
        var followed = 0
        for _ in 0..<limits.depth {
            let steps = plan.steps(excluding: captured)
            guard !steps.isEmpty else { return }
            let first = processes.count
            for step in steps {
                guard followed < limits.processes, ContinuousClock.now < end else {
                    let left = steps.count - (processes.count - first)
                    unobserved.append(
                        Unobserved(
                            what: "\(left) further process\(left == 1 ? "" : "es") that hold what is waited for",
                            why: followed >= limits.processes ? "at most \(limits.processes) are followed" : "the time for following was up"))
                    break
                }
                followed += 1
                add(step.pid, .followed, because: step.because)
            }
            look(from: first)
            gather(from: first)
            explain(from: first)
            if followed >= limits.processes || ContinuousClock.now >= end { return }
        }
        let rest = plan.steps(excluding: captured)
        if let next = rest.first {
            unobserved.append(Unobserved(what: "process \(next.pid), which \(next.because)", why: "waits are followed \(limits.depth) steps far"))
        }
    }

    // MARK: The snapshot

    private func fill(_ snapshot: inout Snapshot) {
        snapshot.processes = joined(processes.map { $0.record.map { [$0] } })
        snapshot.threads = joined(processes.map { $0.threads?.threads ?? .unavailable(reason: "not captured") })
        snapshot.descriptors = joined(processes.map(\.descriptors))
        snapshot.descriptors = snapshot.descriptors.map { _ in sharedDescriptors }
        snapshot.modules = .complete(processes.flatMap(\.moduleRecords))
        snapshot.pipes = pipes()
        snapshot.sockets = sockets()
        snapshot.threads = snapshot.threads.map { lengthsOfAnswers($0, snapshot.sockets.elements) }
        snapshot.locks = locks()
        let environment = EnvironmentCollector(salt: options.salt, showsValues: options.showsEnvironment)
        snapshot.environment = joined(processes.filter { $0.role != .followed }.map { environment.collect(from: $0.target, deadline: deadline) })
        if options.taskForest != nil {
            let forests = processes.compactMap(\.forest)
            snapshot.tasks = joined(forests.map(\.tasks))
            snapshot.actors = joined(forests.map(\.actors))
        } else {
            snapshot.tasks = .unavailable(reason: "Swift tasks were not asked for")
            snapshot.actors = .unavailable(reason: "Swift tasks were not asked for")
        }
        let managed = processes.flatMap(\.managedTasks)
        if !managed.isEmpty { snapshot.tasks = .complete(snapshot.tasks.elements + managed) }
        snapshot.unobserved = LeftOut.rows() + unobserved + processes.flatMap(\.unobserved) + processes.flatMap(\.stopNotes)
        snapshot.cost = cost(snapshot)
    }

    private func lengthsOfAnswers(_ threads: [ThreadRecord], _ sockets: [SocketRecord]) -> [ThreadRecord] {
        var threads = threads
        for process in processes {
            AnswerLength.complete(&threads, sockets, descriptors, of: process.target) {
                (try? process.target.proc.maps()).map { AnswerLength(memory: process.target.memory, mappings: $0, deadline: deadline) }
            }
        }
        return threads
    }

    private func cost(_ snapshot: Snapshot) -> CaptureCost {
        var cost = CaptureCost()
        let threads = snapshot.threads.elements
        cost.stopped_ms = processes.reduce(0) { $0 + ($1.threads?.stopped_ms ?? 0) + ($1.forest?.stopped_ms ?? 0) }
        cost.longestThreadPause_ms = (threads.map(\.pause.duration_ms) + processes.map { $0.forest?.stopped_ms ?? 0 }).max() ?? 0
        cost.threads = threads.count
        cost.threadsReadWithoutStopping = threads.count { $0.pause.method == .readWithoutStopping }
        cost.frames = threads.reduce(0) { $0 + $1.stack.elements.count }
        cost.processes = processes.count
        cost.tasks = snapshot.tasks.elements.count
        cost.wall_ms = Double((ContinuousClock.now - began) / .milliseconds(1))
        return cost
    }

    /// Complete when all are; unavailable when none could be had.
    private func joined<Row>(_ parts: [Observed<[Row]>]) -> Observed<[Row]> {
        // Several processes may share a reason.
        var seen: Set<String> = []
        let reasons = parts.compactMap(\.reason).filter { seen.insert($0).inserted }
        let rows = parts.flatMap(\.elements)
        guard !reasons.isEmpty else { return .complete(rows) }
        let reason = reasons.prefix(4).joined(separator: "; ") + (reasons.count > 4 ? "; and \(reasons.count - 4) more" : "")
        return parts.allSatisfy({ $0.status == .unavailable }) ? .unavailable(reason: reason) : .partial(rows, reason: reason)
    }
}
