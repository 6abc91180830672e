internal import Evidence
internal import ProcessInspection

/// One reading of a process: threads with their frames, and what was made of them.
struct PythonProcess {
    let objects: PythonObjects
    let states: ThreadStates
    let interpreters: [ThreadStates.Interpreter]
    let frames: FrameReader
    private(set) var threads: [PythonThread]
    private(set) var byIdent: [UInt64: Int] = [:]
    /// Threads of the `threading` module by address of their object.
    private(set) var tidOfObject: [UInt64: Int32] = [:]
    /// Thread whose end releases a lock (Thread._tstate_lock, up to 3.12).
    private(set) var tidOfEndLock: [UInt64: Int32] = [:]
    let held: HeldLocks
    let pools: ThreadPools
    let loops: [AsyncLoop]
    let stoppedLoops: StoppedLoops
    /// A handler of the program's own for a signal that others send, such as SIGTERM.
    let handlesSignals: Bool
    /// Those handlers; of no meaning where they are not known.
    let handlers: [UInt64]
    let knowsHandlers: Bool

    init(
        objects: PythonObjects, states: ThreadStates, interpreters: [ThreadStates.Interpreter], threads: [PythonThread], frames: FrameReader,
        handlesSignals: Bool, handlers: [UInt64]?
    ) {
        self.handlesSignals = handlesSignals
        self.handlers = handlers ?? []
        self.objects = objects
        self.states = states
        self.interpreters = interpreters
        self.threads = threads
        self.frames = frames
        byIdent = Dictionary(threads.indices.map { (threads[$0].ident, $0) }, uniquingKeysWith: { first, _ in first })
        held = HeldLocks(threads, objects, frames: frames, opcodes: Opcodes.known(states.runtime.version.minor))
        pools = ThreadPools(threads, objects)
        loops = threads.compactMap { AsyncLoop($0, objects) ?? AsyncLoop(libuv: $0, objects) }
        stoppedLoops = StoppedLoops(objects: objects, frames: frames, interpreters: interpreters)
        knowsHandlers = handlers != nil && !loops.contains(where: \.hasSignalHandlers)
        registerThreads()
    }

    var trouble: Int { threads.count { $0.trouble != nil } }

    /// threading._active: thread objects by ident.
    private mutating func registerThreads() {
        for interpreter in interpreters {
            guard let modules = objects.word(interpreter.address &+ objects.layout.modules),
                let threading = objects.item(named: "threading", of: modules), let active = objects.attribute("_active", of: threading)
            else { continue }
            for (key, object) in objects.pairs(of: active) {
                guard let ident = objects.integer(key), let row = byIdent[UInt64(bitPattern: Int64(ident))] else { continue }
                let attributes = objects.attributes(of: object)
                threads[row].object = object
                threads[row].name = attributes.first { $0.name == "_name" }.flatMap { objects.string($0.value) }
                tidOfObject[object] = threads[row].tid
                if let lock = attributes.first(where: { $0.name == "_tstate_lock" })?.value { tidOfEndLock[lock] = threads[row].tid }
            }
        }
    }

    func inspected(_ records: [ThreadRecord]) -> [Int32: InspectedRuntime.Thread] {
        let byTID = Dictionary(records.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        var result: [Int32: InspectedRuntime.Thread] = [:]
        for thread in threads {
            guard let record = byTID[thread.tid] else { continue }
            let stack = thread.frames.map(\.evidence)
            let observed: Observed<[Frame]> =
                thread.trouble.map { stack.isEmpty ? .unavailable(reason: $0) : .partial(stack, reason: $0) } ?? .complete(stack)
            let waits = WaitFinder(process: self, thread: thread, record: record)
            var wait = waits.wait()
            noteOwnWait(&wait, thread.frames)
            result[thread.tid] = InspectedRuntime.Thread(name: thread.name, stack: observed, wait: wait)
            result[thread.tid]?.asked_s = waits.asked_s
            result[thread.tid]?.owedRest = waits.owedRest
        }
        return result
    }

    /// Says of a wait at what nobody else was given that it is no more than rest.
    private func noteOwnWait(_ wait: inout ManagedWait?, _ frames: [PythonFrame]) {
        guard let found = wait, found.timeout_s == nil, [.event, .condition, .semaphore, .barrier, .queueTake, .future].contains(found.kind), found.rest == nil,
            let opcodes = Opcodes.known(states.runtime.version.minor), OwnWait(frames, uses: CodeUses(objects: objects, opcodes: opcodes))?.isForNobody(found) == true
        else { return }
        wait?.rest = OwnWait.rest
    }

    /// Why an event that is waited for need not come from a thread of the program; nil where it must.
    func reasonToKeepWaiting(_ record: ThreadRecord) -> String? {
        if handlesSignals { return "waits to be told to go on; the program handles signals" }
        // Nobody was ever there to set it: the way to keep a program alive until it is interrupted.
        return record.isMain && threads.count == 1 && threadsMade == 1 ? "keeps the program alive; it never had another thread" : nil
    }

    private var threadsMade: UInt64 { interpreters.compactMap { objects.word($0.address &+ objects.layout.threadsMade) }.max() ?? .max }

    // MARK: Tasks of asyncio

    func asyncTasks(pid: Int32, _ records: [ThreadRecord]) -> (found: [AsyncTask], records: [TaskRecord]) {
        guard !loops.isEmpty else { return ([], []) }
        let finder = AsyncTasks(objects: objects, coroutines: Coroutines(objects: objects, frames: frames))
        let tasks = interpreters.flatMap { interpreter in objects.word(interpreter.address &+ objects.layout.modules).map(finder.all) ?? [] }
        let waits = AsyncWaits(process: self, tasks: tasks, loops: loops)
        let closed = isClosed(records)
        var rows = tasks.map { task in
            var record = waits.record(task, pid: pid, isClosed: closed)
            noteOwnWait(&record.managedWait, task.frames)
            return record
        }
        if let opcodes = Opcodes.known(states.runtime.version.minor) { TaskSurvey(process: self, uses: CodeUses(objects: objects, opcodes: opcodes)).complete(&rows, tasks) }
        return (tasks, rows)
    }

    /// Nothing outside or inside can wake it: its loops have no timer, no callback and no descriptor but their own pipe, and
    /// every other thread waits without a timeout for something of the process itself.
    private func isClosed(_ records: [ThreadRecord]) -> Bool {
        guard !handlesSignals, loops.allSatisfy(\.isDead) else { return false }
        let looping = Set(loops.map(\.tid))
        return records.allSatisfy { record in
            if looping.contains(record.tid) { return record.state == "S" && record.wait?.timeout_s == nil }
            return record.wait?.kind == .futex && record.wait?.timeout_s == nil && record.wait?.futex?.isShared != true
        }
    }

    func thread(ofIdent ident: UInt64) -> PythonThread? { byIdent[ident].map { threads[$0] } }
}
