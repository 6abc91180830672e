internal import Evidence
internal import ProcessInspection

/// Threads in `EventLoopFuture.wait()` (NIOCore/EventLoopFuture.swift): which event loop would complete the future, and whether any thread still
/// runs it. The future lies on the waiting thread's stack. And threads that wait in a function of the program's own that works with a loop which
/// no thread runs any more: what is handed to that is dropped.
struct EventLoopWaits {
    private static let maximumStack_bytes = 1 << 14
    private static let maximumWaiters = 256

    private let objects: EventLoopObjects

    init(memory: any MemoryReader, mappings: [MemoryMapping]) {
        objects = EventLoopObjects(memory: memory, mappings: mappings, types: TypeNames(memory: memory, mappings: mappings))
    }

    /// By thread: its wait, completed with the loop.
    func waits(of threads: [ThreadRecord], stackPointers: [Int32: UInt64]) -> [Int32: ThreadWait] {
        let waiters = threads.filter { $0.wait?.kind == .futex && (Self.isWaiter($0) || Self.waitsForOthers($0)) }.prefix(Self.maximumWaiters)
        guard !waiters.isEmpty else { return [:] }
        let runners = objects.runners(among: threads.filter { $0.runsEventLoop == true }.map { ($0.tid, stackPointers[$0.tid]) })
        // A loop whose thread runs it unseen is none that was shut down.
        let allSeen = threads.allSatisfy { thread in thread.runsEventLoop.map { !$0 || runners.values.contains(thread.tid) } ?? false }
        var found: [Int32: ThreadWait] = [:]
        for thread in waiters {
            guard var wait = thread.wait else { continue }
            guard Self.isWaiter(thread) else {
                let used = allSeen ? objects.loops(heldBy: ownFrame(of: thread, from: stackPointers[thread.tid])) : []
                guard !used.isEmpty, used.allSatisfy({ runners[$0] == nil }) else { continue }
                wait.isEventLoopShutDown = true
                found[thread.tid] = wait
                continue
            }
            let loops = Set(objects.stack(from: stackPointers[thread.tid], upTo: Self.maximumStack_bytes).filter(objects.isFuture).compactMap(objects.loop))
            if loops.count == 1, let only = loops.first { wait.eventLoopTID = runners[only] }
            if allSeen, !loops.isEmpty, loops.allSatisfy({ runners[$0] == nil }) { wait.isEventLoopShutDown = true }
            found[thread.tid] = wait
        }
        return found
    }

    /// By thread in `EventLoopFuture.wait()`: the future, which lies in the frame of that and more often than any other in those above it, where others are left over.
    func futures(of threads: [ThreadRecord], stackPointers: [Int32: UInt64]) -> [Int32: UInt64] {
        let waiters = threads.filter { $0.wait?.kind == .futex && Self.isWaiter($0) }.prefix(Self.maximumWaiters)
        return waiters.reduce(into: [:]) { found, thread in
            let frames = thread.stack.elements.filter { !$0.isInlined && !$0.isAsync }
            guard let wait = frames.lastIndex(where: Self.isWait), wait + 1 < frames.count else { return }
            let words = objects.stack(from: stackPointers[thread.tid], upTo: Self.maximumStack_bytes)
            guard let end = words.firstIndex(of: frames[wait + 1].programCounter) else { return }
            let futures = words[..<end].filter(objects.isFuture)
            let counts = Dictionary(futures.map { ($0, 1) }, uniquingKeysWith: +)
            guard let last = futures.last, let most = counts.values.max(), counts.filter({ $0.value == most }).keys.elementsEqual([last]) else { return }
            found[thread.tid] = last
        }
    }

    /// Without a limit, for a semaphore, a group or a condition, and in the program's own code.
    private static func waitsForOthers(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.wait, (wait.timeout_s ?? 0) <= 0, let futex = wait.futex, [.semaphore, .condition, .unknown].contains(futex.object) else { return false }
        return thread.stack.elements.contains(where: \.isOfProgram)
    }

    /// What lies on the stack up to the end of the program's innermost function, but for its main one: up to where that returns to.
    private func ownFrame(of thread: ThreadRecord, from stackPointer: UInt64?) -> [UInt64] {
        let frames = thread.stack.elements.filter { !$0.isInlined && !$0.isAsync }
        guard let own = frames.firstIndex(where: \.isOfProgram), own + 1 < frames.count, !frames[own].isOfMain, frames[own].function != "main" else { return [] }
        let words = objects.stack(from: stackPointer, upTo: Self.maximumStack_bytes)
        let caller = frames[own + 1].programCounter
        return words.firstIndex(of: caller).map { Array(words[..<$0]) } ?? []
    }

    private static func isWaiter(_ thread: ThreadRecord) -> Bool {
        thread.stack.elements.prefix(16).contains(where: isWait)
    }

    private static func isWait(_ frame: Frame) -> Bool { frame.symbol?.hasPrefix("$s7NIOCore15EventLoopFutureC4wait") == true }
}
