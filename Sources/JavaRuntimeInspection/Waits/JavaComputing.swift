/// Which thread works out which future.
enum JavaComputing {
    private static let completerLimit = 256

    /// Futures and tasks, by their addresses. Of several threads that work out parts of one, a blocked one counts: all parts must end.
    static func futures(_ subjects: [JavaWaitReader.Subject], _ heap: JavaHeap) -> [UInt64: Int32] {
        var result: [UInt64: Int32] = [:]
        for subject in subjects.filter(\.thread.isBlockedInside) + subjects.filter({ !$0.thread.isBlockedInside }) {
            for frame in subject.frames {
                // `run` of an asynchronous task keeps its future in local variable 1, `doExec` of a fork-join task the task itself in 0.
                if frame.method.name == "run", frame.method.className.hasPrefix("java.util.concurrent.CompletableFuture$Async") {
                    if let future = JavaLocals.object(frame, 1, heap) { result[future] = result[future] ?? subject.thread.tid }
                } else if frame.isIn("java.util.concurrent.ForkJoinTask", "doExec") {
                    // The parts of a task that was split refer to the one that they complete.
                    var task = JavaLocals.object(frame, 0, heap)
                    for _ in 0..<completerLimit {
                        guard let part = task, result[part] == nil else { break }
                        result[part] = subject.thread.tid
                        task = heap.reference(part, "completer")
                    }
                }
            }
        }
        return result
    }
}
