internal import Evidence
internal import ProcessInspection

/// The event loops of SwiftNIO that tasks wait for: found in the waiting task's frames, and known to live by the stack of a thread
/// that runs them.
struct EventLoops {
    private let objects: EventLoopObjects
    /// Thread that runs a loop, by the loop's address.
    let runners: [UInt64: Int32]
    /// Whether all threads are known to run one of these or none, so that a loop without a thread is one that was shut down.
    private let isComplete: Bool

    init(memory: any MemoryReader, mappings: [MemoryMapping], reachable: ReachableMemory, types: TypeNames, threads: ThreadStacks) {
        objects = EventLoopObjects(memory: memory, mappings: mappings, types: types) { address in
            reachable.allocation(at: address).flatMap { $0.lowerBound == address ? Int($0.upperBound - address) : nil }
        }
        let runners = objects.runners(among: threads.threads.filter { $0.runsEventLoop == true }.map { ($0.tid, $0.stackPointer) })
        let known = Set(runners.values)
        self.runners = runners
        isComplete = threads.threads.allSatisfy { $0.isIdle || $0.runsEventLoop == false || known.contains($0.tid) }
    }

    /// - Parameters:
    ///   - frames: memory of the waiting task.
    ///   - own: what lies in the frame of the program's function that waits.
    ///   - isUnreachable: nobody is left who could resume it.
    func loop(waitedForBy frames: [Range<UInt64>], own: [UInt64], isUnreachable: Bool) -> (tid: Int32?, isShutDown: Bool?) {
        var loops: Set<UInt64> = []
        for range in frames {
            for word in Set(objects.words(from: range.lowerBound, upTo: Int(min(range.upperBound - range.lowerBound, 1 << 16)))) {
                if objects.isFuture(word) {
                    if let loop = objects.loop(ofFuture: word) { loops.insert(loop) }
                } else if isUnreachable, objects.isLoop(word) {
                    loops.insert(word)
                }
            }
        }
        guard let first = loops.first else {
            // It works with a loop, or in a method of an object that does, which no thread runs any more: what is handed to that is dropped.
            let used = isComplete ? objects.loops(heldBy: own) : []
            return (nil, !used.isEmpty && used.allSatisfy { runners[$0] == nil } ? true : nil)
        }
        if loops.count == 1, let tid = runners[first] { return (tid, nil) }
        return (nil, isComplete && loops.allSatisfy { runners[$0] == nil } ? true : nil)
    }
}
