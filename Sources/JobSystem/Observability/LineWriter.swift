internal import FoundationEssentials
internal import ServiceContextModule

/// Writes lines that begin alike: when, how grave, from where, and what they belong to.
struct LineWriter: Sendable {
    var output: LineOutput
    var clock: ScaledClock
    /// False with the defect `no-tracing`: lines then belong to nothing.
    var correlates = true

    /// Begins with the times, `level`, `label` and `message`, then what `add` adds, then the
    /// identifiers found in the context.
    func write(
        level: String, label: String, message: String, context: ServiceContext?,
        _ add: (inout JSONLine) -> Void
    ) {
        var line = JSONLine()
        line.add("time", .string(Date.now.ISO8601Format(.init(includingFractionalSeconds: true))))
        line.add("monotonic_s", .seconds(monotonicSeconds()))
        line.add("clock_s", .seconds(clock.seconds))
        line.add("level", .string(level))
        line.add("label", .string(label))
        line.add("message", .string(message))
        add(&line)
        if let job = context?.jobID { line.add("job.id", .string(job)) }
        if correlates, let context {
            if let correlation = context.correlationID { line.add("correlation.id", .string(correlation)) }
            if let span = context.span {
                line.add("trace.id", .string(span.trace))
                line.add("span.id", .string(span.span))
            }
        }
        output.write(line.line)
    }
}
