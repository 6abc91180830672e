internal import Evidence
package import ProcessInspection

/// Reads the interpreter of a Python process from outside: threads, frames, and what each waits for.
package struct PythonRuntimeReader {
    private let runtime: PythonRuntime
    private let objects: PythonObjects

    /// Readings of a process that runs on, until one has no frame that changed meanwhile.
    private static let attempts = 3

    /// For `CaptureOptions.managedRuntimes`.
    package static let hook = ManagedRuntimeHook(isPresent: { PythonRuntime.isPresent($1) }) { context in
        let bounded = BoundedMemory(context.target.memory, bytes: 128 << 20, reads: 200_000)
        switch PythonRuntime.find(context.modules, bounded) {
        case .none: return nil
        case .unavailable(let reason): return InspectedRuntime(unobserved: [Self.missing(reason, context.target.pid)])
        case .found(let runtime):
            let readings = (0..<attempts).lazy.compactMap { _ in
                Self(runtime: runtime, objects: PythonObjects(memory: BlockCache(bounded, limit_bytes: 64 << 20), layout: runtime.layout)).process(context)
            }
            var best: PythonProcess?
            for reading in readings {
                if best == nil || reading.trouble < best?.trouble ?? 0 { best = reading }
                if reading.trouble == 0 { break }
            }
            guard let best else {
                return InspectedRuntime(unobserved: [Self.missing("the interpreter's list of threads makes no sense; is it starting or ending?", context.target.pid)])
            }
            let records = context.threads.elements
            var threads = best.inspected(records)
            for thread in best.threads where records.contains(where: { $0.tid == thread.tid && $0.state == "R" }) {
                threads[thread.tid]?.loop = LoopProbe(runtime: runtime, memory: bounded, state: thread.state).loop()
            }
            var (found, tasks) = best.asyncTasks(pid: context.target.pid, records)
            best.judge(&threads, &tasks, found, records)
            best.noteLostLoans(&threads, &tasks, found)
            return InspectedRuntime(threads: threads, tasks: tasks)
        }
    }

    private static func missing(_ reason: String, _ pid: Int32) -> Unobserved {
        Unobserved(what: "Python frames of process \(pid)", why: reason)
    }

    /// SIGHUP 1, SIGQUIT 3, SIGUSR1 10, SIGUSR2 12, SIGALRM 14, SIGTERM 15 (signal(7)); Python itself handles SIGINT only.
    private static let signals: UInt64 = [1, 3, 10, 12, 14, 15].reduce(0) { $0 | 1 << ($1 - 1) }

    private static func handlesSignals(_ context: TaskForestContext) -> Bool {
        guard let caught = (try? context.target.proc.status())?["SigCgt"].flatMap({ UInt64($0, radix: 16) }) else { return true }
        return caught & signals != 0
    }

    private func process(_ context: TaskForestContext) -> PythonProcess? {
        let states = ThreadStates(objects: objects, runtime: runtime)
        guard let interpreters = states.interpreters() else { return nil }
        let living = Set(context.threads.elements.map(\.tid))
        let futexes = Dictionary(
            context.threads.elements.compactMap { record in record.wait?.futex.map { (record.tid, $0.address) } }, uniquingKeysWith: { first, _ in first })
        let pointers = Dictionary(
            context.copies.compactMap { copy in copy.threadPointer.map { ($0, copy.tid) } }, uniquingKeysWith: { first, _ in first })
        let reader = FrameReader(objects)
        var threads: [PythonThread] = []
        for state in interpreters.flatMap(\.states) {
            guard let (ident, tid) = states.thread(state, tids: pointers, living: living), let first = states.currentFrame(of: state) else { continue }
            let (frames, trouble) = reader.frames(from: first)
            threads.append(PythonThread(state: state, ident: ident, tid: tid, waitsAt: futexes[tid], frames: frames, trouble: trouble))
        }
        let handles = Self.handlesSignals(context)
        return PythonProcess(
            objects: objects, states: states, interpreters: interpreters, threads: threads, frames: reader,
            handlesSignals: handles, handlers: handles ? SignalHandlers.all(runtime, context.modules.maps, objects) : [])
    }
}
