/// Event loops of asyncio that ran once and that no thread runs any more, with work that was given to them from other threads.
final class StoppedLoops {
    private let objects: PythonObjects
    private let frames: FrameReader
    private let interpreters: [ThreadStates.Interpreter]
    /// Read once, and only where somebody waits for such.
    private lazy var loopsOfTasks: Set<UInt64> = {
        let finder = AsyncTasks(objects: objects, coroutines: Coroutines(objects: objects, frames: frames))
        return Set(interpreters.flatMap { interpreter in objects.word(interpreter.address &+ objects.layout.modules).map(finder.all) ?? [] }.map(\.loop))
    }()
    private static let base = "asyncio.base_events.BaseEventLoop"
    private static let callbackLimit = 4096

    init(objects: PythonObjects, frames: FrameReader, interpreters: [ThreadStates.Interpreter]) { (self.objects, self.frames, self.interpreters) = (objects, frames, interpreters) }

    /// Whether a future of threads waits for such a loop: the task that it is chained to belongs to it, or the callback that was to make the task still lies in its queue.
    ///
    /// - Parameter frames: of whoever waits, innermost first; what they name is where a loop without tasks is looked for.
    func keep(_ future: UInt64, _ frames: [PythonFrame]) -> Bool {
        let futures = AsyncFutures(objects: objects)
        if let task = futures.task(for: future) {
            // FutureObj: fut_loop 16.
            return objects.word(task &+ 16).map(isStopped) ?? false
        }
        let named = frames.filter { !$0.code.isLibrary }.prefix(16).flatMap(reachable)
        return loopsOfTasks.union(named).filter(isStopped).contains { hasRun($0) && futures.isQueued(future, callbacks($0)) }
    }

    /// Whether a loop has taken anything out of its queue: one that has yet to be run for the first time was not stopped. A deque counts what is put in and what is
    /// taken out together (Modules/_collectionsmodule.c: `state`, 56).
    private func hasRun(_ loop: UInt64) -> Bool {
        guard let ready = objects.attribute("_ready", of: loop), let count = objects.count(ready), let changes = objects.word(ready &+ 56) else { return false }
        return changes > UInt64(count)
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
