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

    init(objects: PythonObjects, states: ThreadStates, interpreters: [ThreadStates.Interpreter], threads: [PythonThread], frames: FrameReader) {
        self.objects = objects
        self.states = states
        self.interpreters = interpreters
        self.threads = threads
        self.frames = frames
        byIdent = Dictionary(threads.indices.map { (threads[$0].ident, $0) }, uniquingKeysWith: { first, _ in first })
        held = HeldLocks(threads, objects, frames: frames)
        pools = ThreadPools(threads, objects)
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
            result[thread.tid] = InspectedRuntime.Thread(
                name: thread.name, stack: observed, wait: WaitFinder(process: self, thread: thread, record: record).wait())
        }
        return result
    }

    func thread(ofIdent ident: UInt64) -> PythonThread? { byIdent[ident].map { threads[$0] } }
}
