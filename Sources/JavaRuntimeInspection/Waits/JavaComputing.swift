/// Which thread works out which future.
enum JavaComputing {
    private static let completerLimit = 256

    /// Futures and tasks, by their addresses. Of several threads that work out parts of one, a blocked one counts: all parts must end.
    static func futures(_ subjects: [JavaWaitReader.Subject], _ heap: JavaHeap) -> [UInt64: Int32] {
        var result: [UInt64: Int32] = [:]
        for subject in subjects.filter(\.thread.isBlockedInside) + subjects.filter({ !$0.thread.isBlockedInside }) {
            for future in completables(subject, heap) {
                result[future] = result[future] ?? subject.thread.tid
                for other in JavaDependents.all(of: [future], heap) { result[other] = result[other] ?? subject.thread.tid }
            }
            for frame in subject.frames {
                // `doExec` of a fork-join task keeps the task itself in local variable 0.
                if frame.isIn("java.util.concurrent.ForkJoinTask", "doExec") {
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

    /// Whether anything comes of a future that the thread works out: whoever waits for that goes on when the thread is done.
    static func isAwaited(_ subject: JavaWaitReader.Subject, _ heap: JavaHeap) -> Bool { completables(subject, heap).contains { heap.reference($0, "stack") != nil } }

    /// `run` of an asynchronous task keeps its future in local variable 1.
    private static func completables(_ subject: JavaWaitReader.Subject, _ heap: JavaHeap) -> [UInt64] {
        subject.frames.filter { $0.method.name == "run" && $0.method.className.hasPrefix("java.util.concurrent.CompletableFuture$Async") }.compactMap { JavaLocals.object($0, 1, heap) }
    }
}
