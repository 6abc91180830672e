internal import ServiceContextModule
internal import Tracing

/// What belongs to the work at hand and travels with it: from the HTTP request that asked for a
/// job to the last byte of its LLM calls.
extension ServiceContext {
    private enum CorrelationKey: ServiceContextKey { typealias Value = String }
    private enum JobKey: ServiceContextKey { typealias Value = String }
    private enum SpanKey: ServiceContextKey { typealias Value = SpanIdentity }
    private enum AttributesKey: ServiceContextKey { typealias Value = SpanAttributes }

    /// The client's `X-Correlation-ID`, or one made for it.
    var correlationID: String? {
        get { self[CorrelationKey.self] }
        set { self[CorrelationKey.self] = newValue }
    }

    var jobID: String? {
        get { self[JobKey.self] }
        set { self[JobKey.self] = newValue }
    }

    /// The innermost open span.
    var span: SpanIdentity? {
        get { self[SpanKey.self] }
        set { self[SpanKey.self] = newValue }
    }

    /// Attributes for the span that is about to start, so that its first line has them: a hung
    /// span never writes another.
    var attributesAtStart: SpanAttributes? {
        get { self[AttributesKey.self] }
        set { self[AttributesKey.self] = newValue }
    }
}

/// W3C-style identifiers of a span.
struct SpanIdentity: Sendable, Hashable {
    /// 32 hexadecimal digits.
    var trace: String
    /// 16 hexadecimal digits.
    var span: String

    /// A new span of the same trace, or of a new one.
    static func child(of parent: SpanIdentity?) -> SpanIdentity {
        SpanIdentity(trace: parent?.trace ?? hex(words: 2), span: hex(words: 1))
    }

    static func hex(words: Int) -> String {
        (0..<words).map { _ in
            let digits = String(UInt64.random(in: 1 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
