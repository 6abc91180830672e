internal import Evidence
internal import ProcessInspection

/// Threads in `EventLoopFuture.wait()` (NIOCore/EventLoopFuture.swift): which event loop would complete the future, and whether any thread still
/// runs it. The future lies on the waiting thread's stack.
struct EventLoopWaits {
    private static let maximumStack_bytes = 1 << 14
    private static let maximumWaiters = 256

    private let objects: EventLoopObjects

    init(memory: any MemoryReader, types: TypeNames) { objects = EventLoopObjects(memory: memory, types: types) }

    /// By thread: its wait, completed with the loop.
    func waits(of threads: [ThreadRecord], stackPointers: [Int32: UInt64]) -> [Int32: ThreadWait] {
        let waiters = threads.filter { $0.wait?.kind == .futex && Self.isWaiter($0) }.prefix(Self.maximumWaiters)
        guard !waiters.isEmpty else { return [:] }
        let runners = objects.runners(among: threads.filter { $0.runsEventLoop == true }.map { ($0.tid, stackPointers[$0.tid]) })
        // A loop whose thread runs it unseen is none that was shut down.
        let allSeen = threads.allSatisfy { thread in thread.runsEventLoop.map { !$0 || runners.values.contains(thread.tid) } ?? false }
        var found: [Int32: ThreadWait] = [:]
        for thread in waiters {
            guard var wait = thread.wait else { continue }
            let loops = Set(objects.words(from: stackPointers[thread.tid], upTo: Self.maximumStack_bytes).filter(objects.isFuture).compactMap(objects.loop))
            if loops.count == 1, let only = loops.first { wait.eventLoopTID = runners[only] }
            if allSeen, !loops.isEmpty, loops.allSatisfy({ runners[$0] == nil }) { wait.isEventLoopShutDown = true }
            found[thread.tid] = wait
        }
        return found
    }

    private static func isWaiter(_ thread: ThreadRecord) -> Bool {
        thread.stack.elements.prefix(16).contains { $0.symbol?.hasPrefix("$s7NIOCore15EventLoopFutureC4wait") == true }
    }
}
