extension Snapshot {
    /// Why no living thread of the subject has a stack; nil when one has.
    public var stacklessBecause: String? {
        let own = livingThreads
        guard let first = own.first, own.allSatisfy({ $0.stack.elements.isEmpty }) else { return nil }
        return first.stack.reason ?? "they could not be read"
    }

    /// Why nothing of the subject could be seen but that it is there: no stack, no system call, no descriptor.
    /// nil when there is anything to go by.
    public var blindBecause: String? {
        guard livingThreads.allSatisfy({ $0.syscall == nil }), !descriptors.elements.contains(where: { $0.pid == subject.pid }) else { return nil }
        return stacklessBecause
    }

    private var livingThreads: [ThreadRecord] { threads.elements.filter { $0.pid == subject.pid && $0.state != "Z" && $0.state != "X" } }
}
