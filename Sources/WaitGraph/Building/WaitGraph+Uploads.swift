import Evidence

/// Requests that are not all sent.
extension WaitGraph {
    /// The task that sends the rest of what this one asks, and waits for more of it itself: no answer is owed before it is through
    /// (AsyncHTTPClient's `HTTPClientRequest.Body`). Only where there are as many of these as tasks whose requests are under way.
    func upload(of task: TaskRecord) -> TaskRecord? {
        func isAsking(_ task: TaskRecord) -> Bool { StackShape(task.backtrace.elements).contains(anyOf: ["HTTPClient.execute"]) }
        guard isAsking(task) else { return nil }
        let uploads = index.tasks.filter { $0.pid == task.pid && $0.state != .completed && StackShape($0.backtrace.elements).contains(anyOf: ["HTTPClientRequest.Body"]) }.sorted { $0.id < $1.id }
        guard !uploads.isEmpty, uploads.allSatisfy({ $0.wait?.kind == .stream || $0.wait?.kind == .continuation }) else { return nil }
        let askers = index.tasks.filter { $0.pid == task.pid && $0.state != .completed && isAsking($0) }.sorted { $0.id < $1.id }
        guard askers.count == uploads.count, let row = askers.firstIndex(where: { $0.id == task.id }) else { return nil }
        return uploads[row]
    }

    /// Whether the task whose request is on the connection waits for another that sends the rest of it: the peer owes nothing yet.
    func isStillAsking(_ socket: UInt64, _ pid: Int32) -> Bool {
        index.tasks.contains { task in
            guard task.pid == pid, let fd = task.wait?.descriptor, index.descriptor(pid, fd)?.inode == socket else { return false }
            return upload(of: task) != nil
        }
    }
}
