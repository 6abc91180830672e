package import Evidence

/// Threads that a language's runtime starts with each child, to hear of its end.
extension Follower {
    /// Asyncio's child watcher (Lib/asyncio/unix_events.py) and Java's process reaper (java/lang/ProcessHandleImpl.java, UNIXProcess.java in Java 8).
    private static let reapers = ["ThreadedChildWatcher._do_waitpid", "waitForProcessExit"]

    /// Whether a thread waits for a child on behalf of whoever may ask for its end, and nobody is seen to ask: a helper that runs beside
    /// its program as long as that does.
    package func onlyReaps(_ thread: ThreadRecord) -> Bool {
        guard thread.wait?.kind == .child, !thread.isMain else { return false }
        if reapsForServer(thread) { return true }
        guard StackShape(thread).contains(anyOf: Self.reapers, within: 8), StackShape(thread.managedStack?.elements ?? []).own.isEmpty else { return false }
        // Whoever waits for the child in the language's own terms comes to the thread by that.
        if trail.last?.to == .thread(pid: thread.pid, tid: thread.tid) { return false }
        return !index.tasks.contains { $0.pid == thread.pid && Self.awaitsChild($0) } && !index.threads(of: thread.pid).contains(where: Self.awaitsAnything)
    }

    /// Takes the end of whichever child comes to it (waitpid(-1)), beside a main thread that listens and so gives the children what they do.
    private func reapsForServer(_ thread: ThreadRecord) -> Bool {
        guard thread.wait?.pid == nil, let main = index.threads(of: thread.pid).first(where: \.isMain) else { return false }
        return (graph.understood(main).wait?.descriptors ?? []).contains { interest in
            index.socketRow(pid: main.pid, fd: interest.fd).map { index.sockets[$0].state == .listening } == true
        }
    }

    /// Asyncio's `Process.wait` and `communicate`.
    private static func awaitsChild(_ task: TaskRecord) -> Bool {
        task.state != .completed && task.backtrace.elements.contains { frame in ["/asyncio/subprocess.py", "/asyncio/base_subprocess.py"].contains { frame.file?.hasSuffix($0) == true } }
    }

    /// Waits for a result of which it is not known who brings it about: Java's `Process.onExit` gives one.
    private static func awaitsAnything(_ thread: ThreadRecord) -> Bool {
        guard let wait = thread.managedWait, wait.kind == .future, wait.rest == nil else { return false }
        return wait.ownerTID == nil && wait.executor == nil && wait.workers == nil && wait.processes == nil
    }
}
