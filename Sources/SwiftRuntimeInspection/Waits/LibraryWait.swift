internal import Evidence

/// A continuation wait recognised by the library function that made it.
///
/// Sleep, streams and event-loop futures are continuations to the runtime; only the frames tell. They are
/// known by their mangled names (docs/ABI/Mangling.rst in the Swift repository), which no user's function can have:
/// `$ss` is the standard library, `$sScT` its Task, `$sScS` and `$sScs` its AsyncStream and AsyncThrowingStream.
enum LibraryWait {
    /// How many of the innermost frames may belong to a library.
    private static let depth = 16

    static func kind(of frames: [Frame]) -> TaskWait.Kind? {
        for frame in frames.prefix(depth) {
            guard let symbol = frame.symbol ?? frame.function else { continue }
            if isSleep(symbol) { return .sleep }
            if isStream(symbol) { return .stream }
            // NIOCore/AsyncAwaitSupport.swift
            if symbol.hasPrefix("$s7NIOCore15EventLoopFutureC3get") { return .eventLoopFuture }
            // The first frame of anybody else ends the search.
            if !isLibrary(symbol) { return nil }
        }
        return nil
    }

    /// Task.sleep in its forms and the clocks': TaskSleep.swift, TaskSleepDuration.swift, Clock.swift.
    private static func isSleep(_ symbol: String) -> Bool {
        (symbol.hasPrefix("$sScT") || symbol.hasPrefix("$ss")) && symbol.contains("sleep")
    }

    /// AsyncStream.swift; NIOCore/AsyncSequences; whatever in swift-async-algorithms waits.
    private static func isStream(_ symbol: String) -> Bool {
        symbol.hasPrefix("$sScS") || symbol.hasPrefix("$sScs")
            || symbol.hasPrefix("$s7NIOCore") && symbol.contains("AsyncSequenceProducer")
            || symbol.hasPrefix("$s15AsyncAlgorithms")
    }

    private static func isLibrary(_ symbol: String) -> Bool {
        symbol.hasPrefix("$ss") || symbol.hasPrefix("$sSc") || symbol.hasPrefix("$s7NIOCore") || !symbol.hasPrefix("$s")
    }
}
