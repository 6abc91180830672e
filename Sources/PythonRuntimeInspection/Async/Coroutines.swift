internal import ProcessInspection

/// The chain of coroutines that a task runs: each awaits the next (PyCoroObject, Include/cpython/genobject.h).
struct Coroutines {
    let objects: PythonObjects
    let frames: FrameReader
    private static let depthLimit = 128

    /// Frame states of generators: below this they are created or suspended, and their frame is whole (pycore_frame.h).
    private static let executing: Int8 = 0

    func isLive(_ coroutine: UInt64) -> Bool { state(coroutine).map { $0 <= Self.executing } ?? false }

    func isSuspended(_ coroutine: UInt64) -> Bool { state(coroutine).map { $0 < Self.executing } ?? false }

    /// gi_frame_state stands five bytes before the frame.
    private func state(_ coroutine: UInt64) -> Int8? { objects.byte(coroutine &+ objects.layout.generatorFrame &- 5).map { Int8(bitPattern: $0) } }

    static func isOne(_ type: PythonType) -> Bool {
        ["coroutine", "generator", "async_generator"].contains(type.fullName)
    }

    /// Frames of a suspended coroutine, innermost first.
    func frames(of coroutine: UInt64) -> [PythonFrame] {
        var chain: [PythonFrame] = []
        var next: UInt64? = coroutine
        while let current = next, chain.count < Self.depthLimit, isLive(current), let frame = frames.frame(at: current &+ objects.layout.generatorFrame) {
            chain.append(frame)
            next = awaited(by: frame)
        }
        return chain.reversed()
    }

    /// What a suspended frame awaits stands on top of its stack (stacktop 64, an index into its locals).
    private func awaited(by frame: PythonFrame) -> UInt64? {
        guard let top = objects.half(frame.address &+ 64), top > frame.code.localNames.count, Int(top) <= frame.slots.count else { return nil }
        return inner(frame.slots[Int(top) - 1])
    }

    private func inner(_ value: UInt64) -> UInt64? {
        guard let type = objects.type(of: value) else { return nil }
        if Self.isOne(type) { return value }
        // PyCoroWrapper and the awaitables of asynchronous generators keep theirs at 16.
        guard ["coroutine_wrapper", "async_generator_asend", "async_generator_athrow"].contains(type.name), let wrapped = objects.word(value &+ 16),
            let kind = objects.type(of: wrapped), Self.isOne(kind)
        else { return nil }
        return wrapped
    }
}
