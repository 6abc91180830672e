import Evidence

/// Requests that are not all sent.
extension WaitGraph {
    /// The task that sends the rest of what this one asks, and waits for more of it itself: no answer is owed before it is through
    /// (AsyncHTTPClient's `HTTPClientRequest.Body`). Only where one request is under way, and one body.
    func upload(of task: TaskRecord) -> TaskRecord? {
        func isAsking(_ task: TaskRecord) -> Bool { StackShape(task.backtrace.elements).contains(anyOf: ["HTTPClient.execute"]) }
        let own = index.tasks.lazy.filter { $0.pid == task.pid && $0.state != .completed }
        guard isAsking(task), own.filter(isAsking).prefix(2).count == 1 else { return nil }
        let uploads = own.filter { StackShape($0.backtrace.elements).contains(anyOf: ["HTTPClientRequest.Body"]) }.prefix(2)
        guard uploads.count == 1, let upload = uploads.first, upload.wait?.kind == .stream || upload.wait?.kind == .continuation else { return nil }
        return upload
    }

    /// Whether the task whose request is on the connection waits for another that sends the rest of it: the peer owes nothing yet.
    func isStillAsking(_ socket: UInt64, _ pid: Int32) -> Bool {
        index.tasks.contains { task in
            guard task.pid == pid, let fd = task.wait?.descriptor, index.descriptor(pid, fd)?.inode == socket else { return false }
            return upload(of: task) != nil
        }
    }
}
