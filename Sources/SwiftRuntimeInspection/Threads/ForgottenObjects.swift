internal import Evidence
internal import ProcessInspection

/// Semaphores and groups of Dispatch to which nobody leads any more but those who wait for them: what was to signal them was let go of.
///
/// Memory is marked from where somebody can act: globals, and the stacks and registers of all threads that do not wait for such an object themselves.
/// Who waits for one that is come to may go on, and then counts as well.
struct ForgottenObjects {
    let memory: any MemoryReader
    let touched: (any TouchedPages)?
    let mappings: [MemoryMapping]
    let threads: ThreadStacks
    let deadline: ContinuousClock.Instant

    /// The threads whose object nobody leads to, and whether the executor does whose jobs the thread runs; none where not all could be seen.
    ///
    /// - Parameters:
    ///   - objects: by thread, what it waits for.
    ///   - executors: by thread, the executor of the job that it is in.
    func waiters(of objects: [Int32: UInt64], executors: [Int32: UInt64]) -> [Int32: Bool] {
        guard !objects.isEmpty, threads.unseenStacks == 0 else { return [:] }
        let pieces = HeapMap(memory: memory, threads: threads).pieces(of: mappings)
        guard let reachable = ReachableMemory(watched: Array(Set(objects.values)), pieces: pieces, memory: memory, touched: touched, deadline: deadline), reachable.shortfall == nil
        else { return [:] }
        reachable.setCode(mappings.filter(\.isExecutable).map { $0.start..<$0.end })
        for piece in reachable.pieces where piece.kind == .other { reachable.mark(piece.range) }
        for thread in threads.threads where !thread.isIdle && objects[thread.tid] == nil { mark(thread, reachable) }
        var forgotten = Set(objects.keys)
        var seen = 0
        while case let hits = reachable.hits(from: seen), !hits.isEmpty {
            seen += hits.count
            let known = Set(hits.map(\.target))
            let others = forgotten.filter { objects[$0].map(known.contains) ?? true }
            forgotten.subtract(others)
            for thread in threads.threads where others.contains(thread.tid) { mark(thread, reachable) }
        }
        let found: [Int32: Bool] = forgotten.reduce(into: [:]) { found, tid in
            if let executor = executors[tid] { reachable.mark(value: executor, at: UInt64(UInt32(bitPattern: tid))) }
            found[tid] = reachable.hits(from: seen).contains { $0.target == objects[tid] }
        }
        // Others may wait for what lies in that executor's queue as well.
        return found.values.contains(true) ? found.filter { $0.value } : found
    }

    private func mark(_ thread: ThreadStacks.Thread, _ reachable: ReachableMemory) {
        for value in Set(thread.registers ?? []) { reachable.mark(value: value, at: UInt64(UInt32(bitPattern: thread.tid))) }
        guard let pointer = thread.stackPointer, let stack = reachable.pieces.first(where: { $0.range.contains(pointer) }) else { return }
        reachable.mark(stack.range)
    }
}
