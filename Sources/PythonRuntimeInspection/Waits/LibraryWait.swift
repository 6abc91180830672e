internal import Evidence

/// The object of Python's library in whose method a thread stands, told by the object's type.
struct LibraryWait {
    var kind: ManagedWait.Kind
    var object: UInt64
    var typeName: String
    /// Frames of its methods, counted from the innermost.
    var depth: Int

    private struct Method {
        var type: String
        var functions: Set<String>
        var kind: ManagedWait.Kind
        var shown: String
    }

    /// Lib/threading.py, Lib/queue.py, Lib/concurrent/futures/_base.py: methods that wait in a condition or lock of the object.
    private static let methods = [
        Method(type: "threading.Condition", functions: ["wait", "wait_for"], kind: .condition, shown: "threading.Condition"),
        Method(type: "threading.Event", functions: ["wait"], kind: .event, shown: "threading.Event"),
        Method(type: "threading.Semaphore", functions: ["acquire"], kind: .semaphore, shown: "threading.Semaphore"),
        Method(type: "threading.Barrier", functions: ["wait", "_wait", "_enter"], kind: .barrier, shown: "threading.Barrier"),
        Method(type: "queue.Queue", functions: ["get"], kind: .queueTake, shown: "queue.Queue"),
        Method(type: "queue.Queue", functions: ["put"], kind: .queuePut, shown: "queue.Queue"),
        Method(type: "queue.Queue", functions: ["join"], kind: .queueJoin, shown: "queue.Queue"),
        Method(type: "threading.Thread", functions: ["join", "_wait_for_tstate_lock"], kind: .threadEnd, shown: "threading.Thread"),
        Method(type: "multiprocessing.pool.ApplyResult", functions: ["get", "wait"], kind: .future, shown: "multiprocessing.pool.AsyncResult"),
        Method(type: "concurrent.futures._base.Future", functions: ["result", "exception"], kind: .future, shown: "concurrent.futures.Future"),
    ]

    /// The outermost such object of an unbroken run of library frames: an event waits in its condition.
    static func outermost(_ frames: [PythonFrame], _ objects: PythonObjects) -> LibraryWait? {
        var found: LibraryWait?
        for (depth, frame) in frames.prefix(8).enumerated() {
            guard frame.code.isLibrary, let this = frame.local("self", objects), let type = objects.type(of: this) else { break }
            let function = frame.code.name.split(separator: ".").last.map(String.init) ?? ""
            guard let method = methods.first(where: { $0.functions.contains(function) && type.descends(from: $0.type) }) else { break }
            // A condition that two objects share shows as the outer one only where that waits in it itself.
            found = LibraryWait(kind: method.kind, object: this, typeName: method.shown, depth: depth + 1)
        }
        return found
    }

    /// The names by which code ends a wait for each of the library's objects (Lib/threading.py, Lib/queue.py, Lib/asyncio/locks.py ...). A `with` block
    /// around one begins by waiting itself, and keeps what would end it on its frame's stack.
    private static let endersOfTypes: [String: Set<String>] = [
        "_thread.lock": ["release", "release_lock"], "_thread.RLock": ["release"],
        "threading.Condition": ["notify", "notify_all", "notifyAll", "release"], "threading.Event": ["set"], "threading.Semaphore": ["release"],
        "threading.Barrier": ["wait", "abort", "reset"], "queue.Queue": queue, "_queue.SimpleQueue": queue,
        "concurrent.futures._base.Future": future, "_asyncio.Future": future, "asyncio.futures.Future": future,
        "asyncio.locks.Lock": ["release"], "asyncio.locks.Event": ["set"], "asyncio.locks.Condition": ["notify", "notify_all", "release"],
        "asyncio.locks.Semaphore": ["release"], "asyncio.locks.Barrier": ["wait", "abort", "reset"], "asyncio.queues.Queue": queue,
    ]
    private static let queue: Set<String> = ["put", "put_nowait", "get", "get_nowait", "task_done", "shutdown", "mutex", "not_empty", "not_full", "_put"]
    private static let future: Set<String> = ["set_result", "set_exception", "set_running_or_notify_cancel", "cancel"]

    /// nil for objects of other types, and of the program's own ones that descend from these.
    static func enders(_ type: PythonType) -> Set<String>? {
        if let names = endersOfTypes[type.fullName] { return names }
        guard type.fullName.hasPrefix("threading.") || type.fullName.hasPrefix("queue.") || type.fullName.hasPrefix("asyncio.") else { return nil }
        return type.lineage.lazy.compactMap { endersOfTypes[$0] }.first
    }
}
