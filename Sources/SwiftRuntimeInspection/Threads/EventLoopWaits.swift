internal import Evidence
internal import ProcessInspection

/// Threads in `EventLoopFuture.wait()` (NIOCore/EventLoopFuture.swift): which event loop would complete the future, and whether any thread still
/// runs it. The future lies on the waiting thread's stack, its loop among its fields; a loop lies on the stack of the thread that runs it.
struct EventLoopWaits {
    private static let maximumStack_bytes = 1 << 14
    private static let maximumLoopStack_bytes = 1 << 16
    /// A future's value lies before or behind its loop, depending on its type.
    private static let maximumFuture_bytes = 256
    private static let maximumWaiters = 256

    let memory: any MemoryReader
    let types: TypeNames

    /// By thread: its wait, completed with the loop.
    func waits(of threads: [ThreadRecord], stackPointers: [Int32: UInt64]) -> [Int32: ThreadWait] {
        let waiters = threads.filter { $0.wait?.kind == .futex && Self.isWaiter($0) }.prefix(Self.maximumWaiters)
        guard !waiters.isEmpty else { return [:] }
        var runners: [UInt64: Int32] = [:]
        for thread in threads where thread.runsEventLoop == true {
            for word in words(stackPointers[thread.tid], Self.maximumLoopStack_bytes) where isLoop(word) { runners[word] = thread.tid }
        }
        // A loop whose thread runs it unseen is none that was shut down.
        let allSeen = threads.allSatisfy { thread in thread.runsEventLoop.map { !$0 || runners.values.contains(thread.tid) } ?? false }
        var found: [Int32: ThreadWait] = [:]
        for thread in waiters {
            guard var wait = thread.wait else { continue }
            let loops = Set(words(stackPointers[thread.tid], Self.maximumStack_bytes).filter { types.ofObject(at: $0) == "EventLoopFuture" }.compactMap(loop))
            if loops.count == 1, let only = loops.first { wait.eventLoopTID = runners[only] }
            if allSeen, !loops.isEmpty, loops.allSatisfy({ runners[$0] == nil }) { wait.isEventLoopShutDown = true }
            found[thread.tid] = wait
        }
        return found
    }

    private static func isWaiter(_ thread: ThreadRecord) -> Bool {
        thread.stack.elements.prefix(16).contains { $0.symbol?.hasPrefix("$s7NIOCore15EventLoopFutureC4wait") == true }
    }

    private func loop(ofFuture future: UInt64) -> UInt64? {
        (try? memory.bytes(at: future, upTo: Self.maximumFuture_bytes))?.words.first(where: isLoop)
    }

    private func isLoop(_ word: UInt64) -> Bool { types.ofObject(at: word) == "SelectableEventLoop" }

    private func words(_ stackPointer: UInt64?, _ limit: Int) -> Set<UInt64> {
        guard let stackPointer, let bytes = try? memory.bytes(at: stackPointer & ~7, upTo: limit) else { return [] }
        return Set(bytes.words)
    }
}
