/// Backtraces without names, each kept once however many tasks stand there.
///
/// A hundred thousand tasks stand at a handful of places: none of them gets an array of its own.
struct DistinctTraces {
    private struct Trace {
        var kind: AsyncBacktrace
        var frames: Range<Int>
        /// Another trace with the same hash.
        var next: Int?
    }
    private var addresses: [UInt64] = []
    private var traces: [Trace] = []
    private var firstByHash: [Int: Int] = [:]
    /// All traces together; a process whose tasks make up more of them is shown without the rest.
    private static let maximumFrames = 1 << 20

    var indices: Range<Int> { traces.indices }
    func kind(_ index: Int) -> AsyncBacktrace { traces[index].kind }
    func frames(_ index: Int) -> ArraySlice<UInt64> { addresses[traces[index].frames] }

    /// Index of the trace with these frames, a new one when there was none; nil when there are too many.
    mutating func index(of frames: [UInt64], _ kind: AsyncBacktrace) -> Int? {
        let hash = frames.hashValue
        let first = firstByHash[hash]
        var candidate = first
        while let index = candidate {
            if traces[index].kind == kind, addresses[traces[index].frames].elementsEqual(frames) { return index }
            candidate = traces[index].next
        }
        let start = addresses.count
        guard start + frames.count <= Self.maximumFrames else { return nil }
        addresses += frames
        traces.append(Trace(kind: kind, frames: start..<addresses.count, next: first))
        firstByHash[hash] = traces.count - 1
        return traces.count - 1
    }
}
