internal import Logging
internal import ServiceContextModule
internal import Tracing

/// Logs, events and spans, all to the same output.
struct Observability: Sendable {
    let logger: Logger
    let clock: ScaledClock
    private let tracer: JSONTracer?

    init(output: LineOutput, clock: ScaledClock, defects: Defects, label: String = "jobd") {
        let traces = !defects.contains(.noTracing)
        let writer = LineWriter(output: output, clock: clock, correlates: traces)
        self.logger = Logger(label: label, factory: { JSONLogHandler(label: $0, writer: writer) })
        self.clock = clock
        self.tracer = traces ? JSONTracer(writer: writer) : nil
    }

    /// Tells that something happened.
    func emit(
        _ event: EventName, _ attributes: Logger.Metadata = [:], level: Logger.Level = .info, error: (any Error)? = nil
    ) {
        var metadata = attributes
        if tracer != nil || !event.isTraced {
            metadata["event"] = "\(event.rawValue)"
            metadata["kind"] = "\(event.kind.rawValue)"
            if let means = event.means { metadata["means"] = "\(means.rawValue)" }
        } else if event == .token || event == .firstToken {
            // Who does not trace does not log every token either.
            return
        } else {
            metadata = [:]
        }
        if let error {
            metadata["error.type"] = "\(errorType(error))"
            metadata["error.message"] = "\(error)"
        }
        logger.log(level: level, "\(event.doc)", metadata: metadata)
    }

    /// Runs an operation as a span within the current one.
    func span<Value>(
        _ name: String, _ attributes: SpanAttributes = [:], isolation: isolated (any Actor)? = #isolation,
        _ operation: () async throws -> Value
    ) async rethrows -> Value {
        guard let tracer else { return try await operation() }
        var context = ServiceContext.current ?? .topLevel
        context.attributesAtStart = attributes
        return try await tracer.withSpan(name, context: context) { _ in try await operation() }
    }
}

/// The type of an error as it appears in `error.type`: its own code where it has one.
func errorType(_ error: any Error) -> String {
    if let coded = error as? any CodedError { return coded.code }
    return error is CancellationError ? "cancelled" : "\(type(of: error))"
}

/// An error that names its kind in a stable, dotted-lowercase or hyphenated word.
protocol CodedError: Error {
    var code: String { get }
}
