/// The links between futures of asyncio and those of threads: closures of their callbacks (Lib/asyncio/futures.py, _chain_future).
struct AsyncFutures {
    let objects: PythonObjects
    private static let thread = "concurrent.futures._base.Future"

    /// The future of an executor that an asyncio future stands for: its first callback's closure has both.
    func threadFuture(behind future: UInt64) -> UInt64? {
        // FutureObj: fut_callback0 24, fut_callbacks 40 (a list of pairs).
        let more = objects.word(future &+ 40).map { objects.list($0).flatMap { objects.tuple($0).prefix(1) } } ?? []
        let callbacks = [objects.word(future &+ 24) ?? 0] + more
        return callbacks.lazy.flatMap { closure(of: $0) }.first { objects.type(of: $0)?.descends(from: Self.thread) == true }
    }

    /// The task whose result a future of threads is chained to (asyncio.run_coroutine_threadsafe).
    func task(for future: UInt64) -> UInt64? {
        let callbacks = objects.attribute("_done_callbacks", of: future).map(objects.list) ?? []
        return callbacks.lazy.flatMap { closure(of: $0) }.first { objects.type(of: $0)?.lineage.contains("_asyncio.Task") == true }
    }

    /// The loop that has to bring about a future of threads: one in whose queue of callbacks it lies, or whose task or future it is chained to.
    func loop(for future: UInt64, _ loops: [AsyncLoop]) -> AsyncLoop? {
        for loop in loops {
            if isQueued(future, loop.callbacks) { return loop }
        }
        for callback in objects.attribute("_done_callbacks", of: future).map(objects.list) ?? [] {
            for value in closure(of: callback) {
                guard let type = objects.type(of: value), type.lineage.contains("_asyncio.Future") || type.lineage.contains("_asyncio.Task"),
                    let loop = objects.word(value &+ 16)
                else { continue }
                if let known = loops.first(where: { $0.address == loop }) { return known }
            }
        }
        return nil
    }

    /// Whether one of these callbacks is to begin the work that the future stands for.
    func isQueued(_ future: UInt64, _ callbacks: [UInt64]) -> Bool { callbacks.contains { closure(of: $0).contains(future) } }

    /// Values of a function's cells: func_closure 72, a tuple of cells (ob_ref 16).
    private func closure(of function: UInt64) -> [UInt64] {
        guard objects.type(of: function)?.fullName == "function", let cells = objects.word(function &+ 72) else { return [] }
        return objects.tuple(cells).prefix(32).compactMap { objects.word($0 &+ 16) }
    }
}
