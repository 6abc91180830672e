internal import ProcessInspection

/// A thread as the interpreter knows it.
struct PythonThread {
    let state: UInt64
    /// pthread_self(), which Python calls the thread's ident.
    let ident: UInt64
    let tid: Int32
    /// Futex that the thread waits on.
    var waitsAt: UInt64?
    var frames: [PythonFrame]
    var trouble: String?
    /// From `threading`, where that module knows the thread.
    var object: UInt64?
    var name: String?
}

/// Finds the threads of all interpreters of a process.
struct ThreadStates {
    let objects: PythonObjects
    let runtime: PythonRuntime
    private static let interpreterLimit = 64
    private static let threadLimit = 4096

    struct Interpreter {
        let address: UInt64
        let states: [UInt64]
    }

    /// nil when the lists make no sense.
    func interpreters() -> [Interpreter]? {
        let layout = runtime.layout
        var found: [Interpreter] = []
        guard var next = objects.word(runtime.address &+ layout.interpretersHead), next != 0 else { return nil }
        while next != 0, found.count < Self.interpreterLimit {
            var states: [UInt64] = []
            guard PythonObjects.isPlausible(next), var state = objects.word(next &+ layout.threadsHead) else { return nil }
            while state != 0, states.count < Self.threadLimit {
                guard PythonObjects.isPlausible(state), !states.contains(state) else { return nil }
                states.append(state)
                guard let following = objects.word(state &+ layout.threadNext) else { return nil }
                state = following
            }
            found.append(Interpreter(address: next, states: states))
            guard let following = objects.word(next &+ layout.interpreterNext) else { return nil }
            next = following
        }
        return found
    }

    /// - Parameter tids: by thread pointer, for processes in another pid namespace, whose own ids say nothing here.
    func thread(_ state: UInt64, tids: [UInt64: Int32], living: Set<Int32>) -> (ident: UInt64, tid: Int32)? {
        guard let ident = objects.word(state &+ runtime.layout.threadIdent), let native = objects.word(state &+ runtime.layout.threadNative) else { return nil }
        if let tid = tids[ident] { return (ident, tid) }
        let tid = Int32(truncatingIfNeeded: native)
        if living.contains(tid) { return (ident, tid) }
        // A child of a fork still shows its parent's id; it begins with one thread.
        return living.count == 1 ? living.first.map { (ident, $0) } : nil
    }

    /// The current frame; 0 where the thread runs no Python code.
    func currentFrame(of state: UInt64) -> UInt64? {
        guard let first = objects.word(state &+ runtime.layout.currentFrame) else { return nil }
        guard let inside = runtime.layout.currentInCFrame, first != 0 else { return first }
        return objects.word(first &+ inside)
    }

    /// Thread state that holds the interpreter lock; nil when nobody does.
    func lockHolder(of interpreter: UInt64) -> UInt64? {
        guard let lock = lockAddress(of: interpreter), let holder = objects.word(lock &+ 8), let locked = objects.half(lock &+ 16), locked == 1 else { return nil }
        return holder
    }

    /// struct _gil_runtime_state: last_holder 8, locked 16.
    func lockAddress(of interpreter: UInt64) -> UInt64? {
        if let offset = runtime.layout.gilInRuntime { return runtime.address &+ offset }
        return runtime.layout.gilPointer.flatMap { objects.word(interpreter &+ $0) }
    }
}
