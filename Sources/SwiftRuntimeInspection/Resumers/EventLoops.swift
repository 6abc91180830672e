internal import Evidence
internal import ProcessInspection

/// The event loops of SwiftNIO that tasks wait for: found in the waiting task's frames, and known to live by the stack of a thread
/// that runs them.
///
/// An EventLoopFuture (NIOCore/EventLoopFuture.swift) holds its value, whose size depends on its type, and its event loop.
struct EventLoops {
    private static let maximumStack_bytes = 1 << 16

    private let memory: any MemoryReader
    private let reachable: ReachableMemory
    private let types: TypeNames
    /// Thread that runs a loop, by the loop's address.
    let runners: [UInt64: Int32]
    /// Whether all threads are known to run one of these or none, so that a loop without a thread is one that was shut down.
    private let isComplete: Bool

    init(memory: any MemoryReader, reachable: ReachableMemory, types: TypeNames, threads: ThreadStacks) {
        self.memory = memory
        self.reachable = reachable
        self.types = types
        var runners: [UInt64: Int32] = [:]
        for thread in threads.threads where thread.runsEventLoop == true {
            guard let stackPointer = thread.stackPointer, let bytes = try? memory.bytes(at: stackPointer & ~7, upTo: Self.maximumStack_bytes) else { continue }
            for word in Set(bytes.words) where Self.isObject(word, Self.loopName, reachable, types) { runners[word] = thread.tid }
        }
        let known = Set(runners.values)
        self.runners = runners
        isComplete = threads.threads.allSatisfy { $0.isIdle || $0.runsEventLoop == false || known.contains($0.tid) }
    }

    /// - Parameters:
    ///   - frames: memory of the waiting task.
    ///   - isUnreachable: nobody is left who could resume it.
    func loop(waitedForBy frames: [Range<UInt64>], isUnreachable: Bool) -> (tid: Int32?, isShutDown: Bool?) {
        var loops: Set<UInt64> = []
        for range in frames {
            guard let bytes = try? memory.bytes(at: range.lowerBound, upTo: Int(min(range.upperBound - range.lowerBound, 1 << 16))) else { continue }
            for word in Set(bytes.words) {
                if isObject(word, "EventLoopFuture") {
                    loops.formUnion(loop(ofFuture: word))
                } else if isUnreachable, isLoop(word) {
                    loops.insert(word)
                }
            }
        }
        guard let first = loops.first else { return (nil, nil) }
        if loops.count == 1, let tid = runners[first] { return (tid, nil) }
        return (nil, isComplete && loops.allSatisfy { runners[$0] == nil } ? true : nil)
    }

    private func loop(ofFuture future: UInt64) -> [UInt64] {
        guard let allocation = reachable.allocation(at: future),
            let bytes = try? memory.bytes(at: future, upTo: Int(min(allocation.upperBound - future, 256)))
        else { return [] }
        return bytes.words.first(where: isLoop).map { [$0] } ?? []
    }

    private static let loopName = "SelectableEventLoop"

    private func isLoop(_ address: UInt64) -> Bool { isObject(address, Self.loopName) }

    private func isObject(_ address: UInt64, _ name: String) -> Bool { Self.isObject(address, name, reachable, types) }

    private static func isObject(_ address: UInt64, _ name: String, _ reachable: ReachableMemory, _ types: TypeNames) -> Bool {
        address & 7 == 0 && reachable.allocation(at: address)?.lowerBound == address && types.ofObject(at: address) == name
    }
}
