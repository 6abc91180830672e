internal import Evidence

/// A continuation wait recognised by the library function that made it.
///
/// Sleep, streams and event-loop futures are continuations to the runtime; only the frames tell.
enum LibraryWait {
    private static let signs: [(TaskWait.Kind, [String])] = [
        // stdlib/public/Concurrency: TaskSleep.swift, TaskSleepDuration.swift, Clock.swift
        (.sleep, ["Task.sleep", "Task<>.sleep", "Task<Never, Never>.sleep", "ContinuousClock.sleep", "SuspendingClock.sleep"]),
        // AsyncStream.swift, AsyncStreamBuffer.swift; NIO's and swift-async-algorithms' own
        (.stream, [
            "AsyncStream", "AsyncThrowingStream", "NIOAsyncSequenceProducer", "NIOThrowingAsyncSequenceProducer", "AsyncChannel",
            "AsyncThrowingChannel",
        ]),
        // NIOCore/AsyncAwaitSupport.swift
        (.eventLoopFuture, ["EventLoopFuture.get", "EventLoopFuture<A>.get"]),
    ]
    /// How many of the innermost frames may belong to the library.
    private static let depth = 6

    static func kind(of frames: [Frame]) -> TaskWait.Kind? {
        for frame in frames.prefix(depth) {
            guard let function = frame.function else { continue }
            for (kind, names) in signs where names.contains(where: { function.contains($0) }) { return kind }
            // The first frame of anybody else ends the search.
            if !isRuntime(function) { return nil }
        }
        return nil
    }

    private static func isRuntime(_ function: String) -> Bool {
        function.hasPrefix("with") || function.contains("Continuation") || function.contains("CancellationHandler")
            || function.hasPrefix("closure")
    }
}
