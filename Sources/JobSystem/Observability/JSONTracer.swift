internal import Instrumentation
internal import ServiceContextModule
internal import Synchronization
internal import Tracing

/// swift-distributed-tracing to JSON lines: one when a span starts, one when it ends.
struct JSONTracer: Tracer {
    typealias Span = JSONSpan

    let writer: LineWriter

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> JSONSpan {
        JSONSpan(name: operationName, parent: context(), writer: writer)
    }

    func forceFlush() {}

    // Nothing else takes part in a trace of ours: LLM providers are given no headers about it.
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {}

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {}
}

/// A span that announces its start, so that one which never ends is seen all the same.
final class JSONSpan: Span {
    private struct State {
        var name: String
        var attributes: SpanAttributes
        var error: (any Error)?
        var ended = false
    }

    let context: ServiceContext
    private let identity: SpanIdentity
    private let parent: SpanIdentity?
    private let writer: LineWriter
    private let started: ScaledClock.Instant
    private let state: Mutex<State>

    init(name: String, parent context: ServiceContext, writer: LineWriter) {
        let attributes = context.attributesAtStart ?? [:]
        let identity = SpanIdentity.child(of: context.span)
        var inner = context
        inner.span = identity
        inner.attributesAtStart = nil
        self.context = inner
        self.identity = identity
        self.parent = context.span
        self.writer = writer
        self.started = writer.clock.now
        self.state = Mutex(State(name: name, attributes: attributes))
        write(kind: "span.start", name: name, attributes: attributes, level: "info") { _ in }
    }

    private func write(
        kind: String, name: String, attributes: SpanAttributes, level: String, _ add: (inout JSONLine) -> Void
    ) {
        writer.write(level: level, label: "jobd.trace", message: "\(kind) \(name)", context: context) { line in
            line.add("kind", .string(kind))
            line.add("span", .string(name))
            if let parent { line.add("parent.id", .string(parent.span)) }
            add(&line)
            attributes.forEach { key, value in line.add(key, JSONLine.Value(value)) }
        }
    }

    var operationName: String {
        get { state.withLock { $0.name } }
        set { state.withLock { $0.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { state.withLock { $0.attributes = newValue } }
    }

    var isRecording: Bool { state.withLock { !$0.ended } }
    func setStatus(_ status: SpanStatus) {}
    func addEvent(_ event: SpanEvent) {}
    func addLink(_ link: SpanLink) {}

    func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        state.withLock { $0.error = error }
    }

    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let last: State? = state.withLock { state in
            if state.ended { return nil }
            state.ended = true
            return state
        }
        guard let last else { return }
        let duration = started.duration(to: writer.clock.now).seconds
        write(
            kind: "span.end", name: last.name, attributes: last.attributes, level: last.error == nil ? "info" : "error"
        ) { line in
            line.add("duration_s", .seconds(duration))
            if let error = last.error {
                line.add("error", .string("\(error)"))
                line.add("error.type", .string(errorType(error)))
            }
        }
    }
}

extension JSONLine.Value {
    init(_ value: SpanAttribute) {
        switch value {
        case .int32(let value): self = .integer(Int(value))
        case .int64(let value): self = .integer(Int(value))
        case .double(let value): self = .number(value)
        case .bool(let value): self = .bool(value)
        case .string(let value): self = .string(value)
        case .stringConvertible(let value): self = .string(value.description)
        default: self = .string("\(value)")
        }
    }
}
