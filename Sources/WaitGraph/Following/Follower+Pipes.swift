import Evidence

extension Follower {
    mutating func pipeEdge(_ edge: WaitEdge, _ thread: ThreadRecord) -> Outcome {
        guard case .pipe(let inode) = edge.to, let row = index.pipeRow[inode] else { return .unclear("the pipe was not seen") }
        guard hasLasted(edge) else { return .advancing("bytes move through the pipe") }
        let pipe = index.pipes[row]
        return edge.relation == .writes ? full(edge, pipe, thread.pid) : awaited(edge, pipe, thread)
    }

    private mutating func full(_ edge: WaitEdge, _ pipe: PipeRecord, _ pid: Int32) -> Outcome {
        let others = Set(pipe.readers.map(\.pid)).subtracting([pid]).sorted()
        var outcomes: [Outcome] = []
        for reader in others { outcomes.append(across(edge, to: reader)) }
        if outcomes.contains(where: { if case .stuck = $0 { true } else { false } }), let worst = Self.worst(outcomes) { return prefix(edge, worst) }
        if let moving = outcomes.first(where: { if case .advancing = $0 { true } else { false } }), activity.window_s < graph.hungAfter_s { return moving }
        return ends(edge, .pipeFull(readers: pipe.readers))
    }

    private mutating func awaited(_ edge: WaitEdge, _ pipe: PipeRecord, _ thread: ThreadRecord) -> Outcome {
        let pid = thread.pid
        if isOpenToAnybody(pipe, thread) { return .atRest("waits at a FIFO for whoever opens it to write") }
        let own = pipe.writers.filter { $0.pid == pid }
        let others = Set(pipe.writers.map(\.pid)).subtracting([pid]).sorted()
        if others.isEmpty {
            if own.isEmpty { return .unclear("the pipe's writers were not seen") }
            // Held by the reader alone: a wake-up pipe where other threads can write, else for ever.
            // One that looks again by itself is the main loop of a pre-forking server.
            if let timeout_s = thread.wait?.timeout_s, timeout_s > 0, timeout_s < graph.hungAfter_s { return .atRest("looks again every \(timeout_s) s") }
            if isFedByNobody(thread) { return ends(edge, .pipeOpen(holders: own)) }
            return .parked(Standstill(path: [edge], end: edge.to, ending: .neverWoken, isCommitted: false))
        }
        if isJobPipe(pipe, of: pid) { return .atRest("takes jobs from a pipe that it shares with its siblings") }
        var outcomes: [Outcome] = []
        for writer in others { outcomes.append(across(edge, to: writer)) }
        if let worst = Self.worst(outcomes) { return prefix(edge, worst) }
        if let moving = outcomes.first(where: { if case .advancing = $0 { true } else { false } }) { return moving }
        if others.contains(where: { index.isAncestor($0, of: pid) }) { return .atRest("waits for input from its parent") }
        let seen = others.filter { index.process($0) != nil }
        guard !seen.isEmpty else { return .unclear("the processes that hold the pipe's write end were not looked at") }
        let children = seen.filter { index.process($0)?.parentPID == pid }
        let sleepers = seen.filter { sleepsLong($0, Pause.answer_s) }
        if seen.count == 1, seen == children, isCollected(seen[0], by: thread), !sleepsInRounds(seen[0]) {
            return .stuck(Standstill(path: [edge, otherEnd(edge, seen[0])], end: .process(seen[0]), ending: .childStays(why: "it waits for events, and all its output is collected"), isCommitted: true))
        }
        if let producer = producer(pipe, seen, pid) {
            guard sleepsLong(producer, Pause.long_s), !tellsInRounds(producer) || takesAll(thread) else { return .atRest("waits for output of \(index.name(of: producer)), which is at rest") }
            // Not the reader's own child: it keeps the end open, whoever was to write.
            guard index.process(producer)?.parentPID == pid else { return ends(edge, .pipeOpen(holders: pipe.writers.filter { $0.pid == producer })) }
            return .stuck(Standstill(path: [edge, otherEnd(edge, producer)], end: .process(producer), ending: .childStays(why: "it sleeps by its own timer"), isCommitted: true))
        }
        if areWorkers(seen, thread) { return .atRest("waits for what its workers send, which are asleep") }
        // Whoever was to write has gone, and somebody else keeps the end open: or it will not write for long.
        if children.isEmpty && !isPipeline(pid, seen, pipe) || sleepers.count == seen.count {
            return ends(edge, .pipeOpen(holders: pipe.writers.filter { $0.pid != pid }))
        }
        return .atRest("waits for output of \(index.name(of: seen[0])), which is at rest")
    }

    /// Whether a FIFO still has its name, and is read through a descriptor that can write as well: so it never comes to its end, whoever comes
    /// and goes, as a program opens one by which it is told what to do (fifo(7)).
    private func isOpenToAnybody(_ pipe: PipeRecord, _ reader: ThreadRecord) -> Bool {
        (graph.understood(reader).wait?.descriptors ?? []).contains { interest in
            guard let descriptor = index.descriptor(reader.pid, interest.fd), descriptor.inode == pipe.inode else { return false }
            return descriptor.kind == .fifo && descriptor.access == .readWrite && !descriptor.isDeleted
        }
    }

    /// Whether a shell opens a FIFO itself, to read what a loop or a command of its own is to take from it: a loop that takes whatever is written, by whoever comes, stands
    /// there as long as nobody has come. A program that it is about to run opens what it reads in a process of its own, which does not hold the script any more.
    func takesWhatComes(_ thread: ThreadRecord) -> Bool {
        guard let wait = graph.understood(thread).wait, wait.openedFIFO.map({ wait.detail == ThreadWait.opens(fifo: $0, writes: false) }) == true else { return false }
        // Bash's own functions (execute_cmd.c): those between the two run a command.
        let functions = StackShape(thread).functions
        if let row = functions.firstIndex(of: "do_redirections"), functions.dropFirst(row + 1).first == "execute_command_internal" { return true }
        return index.process(thread.pid)?.script.map { script in
            index.descriptors(of: thread.pid).contains { $0.fd >= ProcessRecord.firstOfShells && $0.kind == .file && $0.access == .read && $0.target.hasSuffix(script) }
        } ?? false
    }

    /// Whether no thread of the process and no handler of a signal can be meant to write to what its main thread reads.
    private func isFedByNobody(_ reader: ThreadRecord) -> Bool {
        guard !handlesWakingSignals(reader.pid) else { return false }
        if index.threads(of: reader.pid).count == 1 { return true }
        // A main loop reads where it is told what to do; some calls deep it is in the middle of something, and so it is where a child
        // has ended that nobody has waited for yet.
        let hasEndedChild = index.processes.contains { $0.parentPID == reader.pid && $0.state == "Z" }
        guard reader.isMain, StackShape(reader).inside.count >= (hasEndedChild ? 1 : 2) else { return false }
        return index.threads(of: reader.pid).allSatisfy { $0.tid == reader.tid || graph.ticks($0) || standsAlone($0) }
    }

    /// Waits without a limit for something within its own process.
    private func standsAlone(_ thread: ThreadRecord) -> Bool {
        guard activity.change(of: thread.tid) == .stood, let wait = graph.understood(thread).wait, wait.kind == .futex else { return false }
        return (wait.timeout_s ?? 0) <= 0 && wait.futex?.isOpenToOthers != true
    }

    mutating func across(_ edge: WaitEdge, to pid: Int32) -> Outcome { follow(otherEnd(edge, pid), behind: edge) }

    /// Several children of one process read the same pipe, which their parent writes to: workers that take what comes. A reader to the
    /// end has its pipe to itself.
    private func isJobPipe(_ pipe: PipeRecord, of pid: Int32) -> Bool {
        guard let parent = index.process(pid)?.parentPID, parent > 1, pipe.writers.contains(where: { $0.pid == parent }) else { return false }
        let workers = Set(pipe.readers.map(\.pid)).subtracting(pipe.writers.map(\.pid)).filter { worker in
            // A sibling of the subject that nothing led to has at least no end to write to.
            guard let process = index.process(worker) else { return true }
            guard process.parentPID == parent else { return false }
            return index.threads(of: worker).contains { thread in
                thread.wait?.descriptors?.contains { $0.operation != .write && index.descriptor(worker, $0.fd)?.inode == pipe.inode } == true
            }
        }
        return workers.count >= 2
    }

    /// Started side by side by one shell, with the pipe as the reader's standard input and the writer's output: the writer is the one that was meant. A reader of its own
    /// children's output may have the same parent as a grandchild whose parent has exited.
    private func isPipeline(_ pid: Int32, _ writers: [Int32], _ pipe: PipeRecord) -> Bool {
        guard let reader = index.process(pid), pipe.readers.contains(where: { $0.pid == pid && $0.fd == 0 }) else { return false }
        return writers.contains { writer in
            guard let process = index.process(writer), pipe.writers.contains(where: { $0.pid == writer && [1, 2].contains($0.fd) }) else { return false }
            return process.parentPID == reader.parentPID && reader.parentPID > 1
        }
    }

    /// The one process that was started to write into the pipe: a child of the reader, or a neighbour in its
    /// pipeline, that has it as standard output.
    private func producer(_ pipe: PipeRecord, _ writers: [Int32], _ pid: Int32) -> Int32? {
        guard writers.count == 1, let process = index.process(writers[0]), pipe.writers.contains(where: { $0.pid == writers[0] && $0.fd == 1 }) else { return nil }
        return process.parentPID == pid || isPipeline(pid, writers, pipe) ? writers[0] : nil
    }

    /// Workers whose results may take longer than answers do. A thread that waits for several of them at once, or for their ends, goes on when any of them does.
    private func areWorkers(_ writers: [Int32], _ reader: ThreadRecord) -> Bool {
        writers.allSatisfy { isWorker($0, of: reader.pid) } && ((reader.wait?.descriptors?.count ?? 0) > 1 || !writers.allSatisfy { sleepsLong($0, Pause.long_s) })
    }

    /// A child that runs its parent's own program, and so does what that gave it to do.
    func isWorker(_ pid: Int32, of parent: Int32) -> Bool {
        guard let child = index.process(pid), let program = child.executable else { return false }
        return child.parentPID == parent && index.process(parent)?.executable == program
    }

    /// From a thread that reads the output of a child of its own process, to that child.
    func outputOfChild(_ reader: NodeKey, _ pid: Int32) -> [WaitEdge]? {
        for edge in graph.out(reader) where edge.relation == .reads {
            guard case .pipe(let inode) = edge.to, let row = index.pipeRow[inode] else { continue }
            let pipe = index.pipes[row]
            guard let child = producer(pipe, Set(pipe.writers.map(\.pid)).sorted(), pid), index.process(child)?.parentPID == pid else { continue }
            return [edge, otherEnd(edge, child)]
        }
        return nil
    }

    private func otherEnd(_ edge: WaitEdge, _ pid: Int32) -> WaitEdge {
        WaitEdge(from: edge.to, to: .process(pid), relation: .otherEnd, knownFrom: "descriptor of the process", evidence: edge.evidence)
    }

    /// Whether a process pauses in a loop that does more than pause: what it told in one round it may tell in the next.
    private func tellsInRounds(_ pid: Int32) -> Bool {
        index.threads(of: pid).contains { thread in
            guard let code = thread.codeAhead, thread.wait?.kind == .sleep else { return false }
            return code.comesBack == true && code.onlySleeps != true && (thread.wait?.timeout_s ?? 0) <= Pause.day_s
        }
    }

    /// Whether a thread has no use of what comes before all of it has come: a child's collected output, or what Bash puts in the place of a command (subst.c).
    private func takesAll(_ thread: ThreadRecord) -> Bool {
        StackShape(thread).contains(anyOf: ["read_comsub", "command_substitute"]) || thread.managedStack?.elements.contains { $0.function == "Popen.communicate" } == true
            || StackShape(thread).runsChildToItsEnd
    }

    func sleepsLong(_ pid: Int32, _ least_s: Double) -> Bool {
        let threads = index.threads(of: pid)
        return !threads.isEmpty && threads.allSatisfy { thread in
            if thread.wait?.kind == .signal { return true }
            return thread.wait?.kind == .sleep && (thread.wait?.timeout_s ?? thread.wait?.remaining_s ?? 0) >= least_s
        }
    }
}
