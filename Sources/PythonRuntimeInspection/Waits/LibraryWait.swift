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
}
