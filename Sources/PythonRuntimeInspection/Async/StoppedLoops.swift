/// Event loops of asyncio that ran once and that no thread runs any more, with work that was given to them from other threads.
struct StoppedLoops {
    let process: PythonProcess
    private var objects: PythonObjects { process.objects }
    private static let base = "asyncio.base_events.BaseEventLoop"
    private static let callbackLimit = 4096

    /// Whether a future of threads waits for such a loop: the task that it is chained to belongs to it, or the callback that was to make the task still lies in its queue.
    ///
    /// - Parameter frames: of whoever waits, innermost first; what they name is where a loop without tasks is looked for.
    func keep(_ future: UInt64, _ frames: [PythonFrame]) -> Bool {
        let futures = AsyncFutures(objects: objects)
        if let task = futures.task(for: future) {
            // FutureObj: fut_loop 16.
            return objects.word(task &+ 16).map(isStopped) ?? false
        }
        let tasks = allTasks()
        let named = frames.filter { !$0.code.isLibrary }.prefix(16).flatMap(reachable)
        return Set(tasks.map(\.loop) + named).filter(isStopped).contains { loop in
            // A loop that has yet to be run for the first time was not stopped.
            let hasRun = tasks.contains { $0.loop == loop && $0.waiter != 0 } || process.hasEndedThreads
            return hasRun && futures.isQueued(future, callbacks(loop))
        }
    }

    private func allTasks() -> [AsyncTask] {
        let finder = AsyncTasks(objects: objects, coroutines: Coroutines(objects: objects, frames: process.frames))
        return process.interpreters.flatMap { interpreter in objects.word(interpreter.address &+ objects.layout.modules).map(finder.all) ?? [] }
    }

    /// The values that a function names, and their attributes.
    private func reachable(_ frame: PythonFrame) -> [UInt64] {
        let values = frame.locals(objects).prefix(64).map(\.value) + objects.entries(of: frame.globals).map(\.value)
        return values + values.flatMap { objects.attributes(of: $0).prefix(64).map(\.value) }
    }

    /// `run_forever` notes its thread in `_thread_id` for as long as it runs.
    private func isStopped(_ loop: UInt64) -> Bool {
        guard objects.type(of: loop)?.descends(from: Self.base) == true, let runner = objects.attribute("_thread_id", of: loop) else { return false }
        return objects.type(of: runner)?.name == "NoneType"
    }

    private func callbacks(_ loop: UInt64) -> [UInt64] {
        (objects.attribute("_ready", of: loop).map(objects.deque) ?? []).prefix(Self.callbackLimit).compactMap { objects.attribute("_callback", of: $0) }
    }
}
