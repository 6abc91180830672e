internal import Evidence
internal import ProcessInspection

/// Which thread holds which lock, by address of the lock.
///
/// A reentrant lock names its owner. A plain one does not, but a thread inside `with lock:` keeps the lock's bound
/// `__exit__` on its frame's value stack until the block is left.
struct HeldLocks {
    struct Holding {
        var tid: Int32
        /// Where it was taken; nil where only the owner is known.
        var frame: Frame?
        var knownFrom: String
    }
    private(set) var byLock: [UInt64: [Holding]] = [:]
    private let objects: PythonObjects
    private static let contextDepth = 4

    /// - Parameter opcodes: nil where the instructions of the version are not known.
    init(_ threads: [PythonThread], _ objects: PythonObjects, frames: FrameReader, opcodes: Opcodes?) {
        self.objects = objects
        for thread in threads {
            let released = Self.released(thread, objects)
            for frame in thread.frames {
                for (lock, holding) in held(in: frame, frame, thread, frames, 0) where !released.contains(lock) {
                    byLock[lock, default: []].append(holding)
                }
            }
        }
        if let opcodes { addAcquisitions(threads, opcodes) }
    }

    /// Locks taken by `acquire()` leave nothing on the stack: the instructions before the one that runs tell of them.
    private mutating func addAcquisitions(_ threads: [PythonThread], _ opcodes: Opcodes) {
        var found: [(UInt64, Holding)] = []
        let acquisitions = Acquisitions(objects: objects, opcodes: opcodes)
        for thread in threads {
            for (depth, frame) in thread.frames.enumerated() where !frame.code.isLibrary {
                var held = acquisitions.held(by: frame)
                // The one that is under way has not been taken.
                if depth == 0, let last = held.lastIndex(where: { LockObject($0.lock, objects)?.futex == thread.waitsAt }) { held.remove(at: last) }
                for acquisition in held where byLock[acquisition.lock] == nil {
                    var place = frame.evidence
                    place.line = frame.code.lines.line(at: acquisition.offset) ?? place.line
                    found.append((acquisition.lock, Holding(tid: thread.tid, frame: place, knownFrom: "`acquire()` without `release()` before it in `\(frame.code.name)`")))
                }
            }
        }
        // Two that may have it: then neither is shown to.
        for (lock, holdings) in Dictionary(grouping: found, by: \.0) where Set(holdings.map(\.1.tid)).count == 1 { byLock[lock] = holdings.map(\.1) }
    }

    func holder(of lock: UInt64) -> Holding? { byLock[lock]?.first }

    /// Locks of the conditions that a thread is in the middle of waiting for: `wait` gives them back for that long.
    private static func released(_ thread: PythonThread, _ objects: PythonObjects) -> Set<UInt64> {
        Set(thread.frames.compactMap { frame in
            guard frame.isLibrary("threading.py", "Condition.wait") else { return nil }
            return frame.local("self", objects).flatMap { objects.attribute("_lock", of: $0) }
        })
    }

    /// - Parameter shown: the frame of the thread's own stack that stands for a context manager's.
    private func held(
        in frame: PythonFrame, _ shown: PythonFrame, _ thread: PythonThread, _ frames: FrameReader, _ depth: Int
    ) -> [(UInt64, Holding)] {
        var found: [(UInt64, Holding)] = []
        for (index, value) in frame.stack.enumerated() {
            guard let manager = manager(value) else { continue }
            if let lock = lock(of: manager) {
                var place = shown.evidence
                if frame.address == shown.address, let begin = frame.code.exceptions.beginning(ofValue: index, at: frame.offset) {
                    place.line = frame.code.lines.line(at: begin) ?? place.line
                }
                found.append((lock, Holding(tid: thread.tid, frame: place, knownFrom: "its `with` block in `\(frame.code.name)`, whose `__exit__` is on the frame's stack")))
            } else if depth < Self.contextDepth, let inner = generatorFrame(manager, frames) {
                found += held(in: inner, shown, thread, frames, depth + 1)
            }
        }
        return found
    }

    /// The object whose bound `__exit__` a value on the stack is.
    private func manager(_ value: UInt64) -> UInt64? {
        guard let type = objects.type(of: value) else { return nil }
        switch type.fullName {
        case "builtin_function_or_method":
            // PyCFunctionObject: m_ml 16 (ml_name first), m_self 24.
            guard let definition = objects.word(value &+ 16), let name = objects.word(definition), let text = try? objects.memory.string(at: name, limit: 32),
                text == "__exit__"
            else { return nil }
            return objects.word(value &+ 24)
        case "method":
            // PyMethodObject: im_func 16, im_self 24; PyFunctionObject: func_qualname 40.
            guard let function = objects.word(value &+ 16), let name = objects.word(function &+ 40).flatMap(objects.string), name.hasSuffix("__exit__") else { return nil }
            return objects.word(value &+ 24)
        default: return nil
        }
    }

    private func lock(of manager: UInt64) -> UInt64? {
        if LockObject(manager, objects) != nil { return manager }
        guard objects.type(of: manager)?.descends(from: "threading.Condition") == true else { return nil }
        return objects.attribute("_lock", of: manager).flatMap { LockObject($0, objects)?.address }
    }

    /// A generator that `contextlib.contextmanager` made a context of, suspended inside its own `with` blocks.
    private func generatorFrame(_ manager: UInt64, _ frames: FrameReader) -> PythonFrame? {
        guard objects.type(of: manager)?.lineage.contains(where: { $0.hasPrefix("contextlib._") }) == true,
            let generator = objects.attribute("gen", of: manager), objects.type(of: generator)?.fullName == "generator"
        else { return nil }
        return frames.frame(at: generator &+ objects.layout.generatorFrame)
    }
}
