internal import Evidence
internal import ProcessInspection

extension PythonProcess {
    /// Completes what threads and tasks wait for by what could still end it.
    func judge(_ threads: inout [Int32: InspectedRuntime.Thread], _ tasks: inout [TaskRecord], _ found: [AsyncTask], _ records: [ThreadRecord]) {
        let states = Dictionary(records.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        noteOutputs(&threads, states)
        noteSteps(&threads, states)
        noteExchanges(&threads, states)
        // A thread that Python does not know may do anything, unless it waits for another of the process.
        let known = Set(self.threads.map(\.tid))
        guard self.threads.allSatisfy({ $0.trouble == nil }), records.allSatisfy({ known.contains($0.tid) || $0.wait?.kind == .futex }) else { return }
        let byTask = Dictionary(tasks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let mains = Set(self.threads.flatMap { thread in
            thread.frames.compactMap { frame in
                // The second is above a loop of any kind.
                frame.isLibrary("asyncio/base_events.py", "BaseEventLoop.run_until_complete") ? frame.local("future", objects) : frame.isLibrary("asyncio/runners.py", "Runner.run") ? frame.local("task", objects) : nil
            }
        })
        var units = self.threads.map { unit(of: $0, threads[$0.tid]?.wait ?? emptyLoop($0, found, states[$0.tid]), states[$0.tid]) }
        let blocked = Set(units.filter { $0.wait != nil }.map(\.key))
        units += found.map { task in
            let own = unit(of: task, byTask[task.address], mains)
            guard let loop = loops.first(where: { $0.address == task.loop }), blocked.contains(.thread(loop.tid)), !loop.isWaiting else { return own }
            return held(own, by: loop.tid)
        }
        let asleep = Set(units.filter { $0.wait != nil }.map(\.key))
        let coroutines = Set(found.filter { asleep.contains(.task($0.address)) }.flatMap { task in coroutineChain(task) })
        for row in self.threads where threads[row.tid]?.loop != nil { markAlone(row, &threads, units, coroutines) }
        for row in self.threads where states[row.tid]?.wait?.kind == .sleep && threads[row.tid]?.wait == nil { notePolling(row, &threads, units, coroutines) }
        defer { noteMissedAnswers(&threads, &tasks, units, coroutines, states) }
        guard units.contains(where: { $0.wait == nil }) || !handlers.isEmpty, !asleep.isEmpty, let judged = Liveness(process: self, units: units, coroutines: coroutines)?.judged() else { return }
        for (key, wait) in judged {
            switch key {
            case .thread(let tid):
                // Where a handler of a signal may end it, that keeps its word.
                if threads[tid]?.wait?.rest == nil || wait.releasers == .complete([]) { threads[tid]?.wait = wait }
            case .task(let id): tasks.indices.filter { tasks[$0].id == id }.forEach { tasks[$0].managedWait = wait }
            }
        }
    }

    /// What a thread waits for that runs an event loop on which nothing is left to do: no task, timer, callback or connection.
    private func emptyLoop(_ thread: PythonThread, _ tasks: [AsyncTask], _ record: ThreadRecord?) -> ManagedWait? {
        guard record?.isMain == false, let loop = loops.first(where: { $0.tid == thread.tid }), loop.isDead, !tasks.contains(where: { $0.loop == loop.address }) else { return nil }
        return ManagedWait(kind: .condition, object: loop.address, typeName: "something to do on its event loop, which has no task left", knownFrom: "the loop's tasks, timers and callbacks")
    }

    /// A task whose loop stands in a call that waits runs no sooner than that returns.
    private func held(_ unit: Liveness.Unit, by tid: Int32) -> Liveness.Unit {
        var unit = unit
        unit.wait = unit.wait ?? ManagedWait(kind: .housekeeping, object: 0, typeName: "", knownFrom: "")
        unit.targets = []
        unit.units = [.thread(tid)]
        unit.needsAll = false
        return unit
    }

    /// What a thread polls for in a loop, asleep in between, where nobody is left to bring it about.
    private func notePolling(_ thread: PythonThread, _ threads: inout [Int32: InspectedRuntime.Thread], _ units: [Liveness.Unit], _ coroutines: Set<UInt64>) {
        guard knowsHandlers, let asked_s = threads[thread.tid]?.asked_s, let opcodes = Opcodes.known(states.runtime.version.minor),
            case let uses = CodeUses(objects: objects, opcodes: opcodes), thread.frames.first.flatMap(uses.loopAround) != nil,
            let others = Liveness(process: self, units: units.filter { $0.key != .thread(thread.tid) }, coroutines: coroutines)
        else { return }
        threads[thread.tid]?.wait = PollLoop(process: self, uses: uses, thread: thread).wait(asked_s: asked_s, besides: others)
    }

    /// Says of a loop whether nobody else who goes on can come to what it looks at.
    private func markAlone(_ thread: PythonThread, _ threads: inout [Int32: InspectedRuntime.Thread], _ units: [Liveness.Unit], _ coroutines: Set<UInt64>) {
        guard let name = threads[thread.tid]?.loop?.frame.function, let last = thread.frames.firstIndex(where: { $0.code.name == name }) else { return }
        let others = Liveness(process: self, units: units.filter { $0.key != .thread(thread.tid) }, coroutines: coroutines)
        threads[thread.tid]?.loop?.isUnshared = others?.keepsAway(from: Array(thread.frames[...last]))
    }

    private func coroutineChain(_ task: AsyncTask) -> [UInt64] {
        // A generator's frame lies in it.
        [task.coroutine] + task.frames.map { $0.address &- objects.layout.generatorFrame }
    }

    private func unit(of thread: PythonThread, _ wait: ManagedWait?, _ record: ThreadRecord?) -> Liveness.Unit {
        var unit = Liveness.Unit(key: .thread(thread.tid), frames: thread.frames)
        unit.isMain = record?.isMain == true
        guard let wait, let record, record.state == "S", isWithoutEnd(wait), wait.rest == nil || wait.rest == OwnWait.rest || wait.kind == .queueTake || wait.kind == .event && knowsHandlers, record.wait?.futex?.isShared != true,
            wait.processes == nil, isInternal(wait.kind)
        else { return unit }
        unit.wait = wait
        if wait.kind == .event, wait.rest != OwnWait.rest { unit.wait?.rest = nil }
        unit.targets = [wait.object] + targets(thread.frames)
        unit.units = ([wait.ownerTID].compactMap { $0 } + (wait.workers ?? [])).map { .thread($0) } + [wait.ownerTask].compactMap { $0 }.map { .task($0) }
        return unit
    }

    /// Nobody wakes by himself whose limit lies days ahead.
    private func isWithoutEnd(_ wait: ManagedWait) -> Bool { wait.timeout_s.map { wait.kind == .event && $0 >= Self.days_s } ?? true }
    private static let days_s = 172_800.0

    private func unit(of task: AsyncTask, _ record: TaskRecord?, _ mains: Set<UInt64>) -> Liveness.Unit {
        var unit = Liveness.Unit(key: .task(task.address), frames: task.frames)
        unit.isMain = mains.contains(task.address)
        guard let record, record.state == .suspended else { return unit }
        if let other = record.wait?.task {
            unit.wait = ManagedWait(kind: .future, object: 0, typeName: "", knownFrom: "")
            unit.units = [.task(other)]
        } else if record.wait?.kind == .group {
            unit.wait = ManagedWait(kind: .future, object: 0, typeName: "", knownFrom: "")
            unit.units = record.children.map { .task($0) }
            // asyncio.wait may be content with the first; gatherings and groups wait for all.
            unit.needsAll = task.frames.first?.local("fs", objects) == nil
        } else if let wait = record.managedWait, isInternal(wait.kind), wait.rest == nil || wait.rest == OwnWait.rest, wait.processes == nil {
            unit.wait = wait
            unit.targets = [wait.object, task.waiter] + targets(task.frames)
            unit.units = ([wait.ownerTID].compactMap { $0 } + (wait.workers ?? [])).map { .thread($0) } + [wait.ownerTask].compactMap { $0 }.map { .task($0) }
        }
        // Whoever reaches the task itself may cancel it.
        unit.targets.append(task.address)
        return unit
    }

    private func isInternal(_ kind: ManagedWait.Kind) -> Bool {
        switch kind {
        case .lock, .condition, .event, .semaphore, .barrier, .queueTake, .queuePut, .queueJoin, .threadEnd, .future: true
        case .sleep, .read, .housekeeping: false
        }
    }

    /// The objects in whose methods it waits: an event's condition, its lock.
    private func targets(_ frames: [PythonFrame]) -> [UInt64] {
        frames.prefix { $0.code.isLibrary }.flatMap { frame in ["self", "waiter", "fut"].compactMap { frame.local($0, objects) } }
    }
}
