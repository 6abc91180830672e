internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import ServiceContextModule
internal import Synchronization

/// The complete answer to one request.
struct LLMCompletion: Sendable {
    var text: String
    var model: String
    var provider: String
    var tokens: Int
}

/// Reads the answer to one request as it comes in, and tells about each step.
///
/// Both transports feed it, from a task or from an event loop, one call at a time.
final class LLMAnswer: Sendable {
    private struct State {
        var parser = ServerSentEventParser()
        var text = ""
        var tokens = 0
        var bytes = 0
        var ended = false
    }

    private let provider: any LLMProvider
    private let model: String
    private let maximumBytes: Int
    private let observability: Observability
    private let onWork: @Sendable () -> Void
    private let context: ServiceContext?
    private let state = Mutex(State())

    /// `onWork` is called whenever something of the answer arrives.
    init(
        provider: any LLMProvider, model: String, maximumBytes: Int, observability: Observability,
        onWork: @escaping @Sendable () -> Void
    ) {
        self.provider = provider
        self.model = model
        self.maximumBytes = maximumBytes
        self.observability = observability
        self.onWork = onWork
        self.context = ServiceContext.current
    }

    /// The head came; a status other than 2xx is an error.
    func receive(status: Int, reason: String) throws {
        onWork()
        tell(.responseStarted, ["http.status": .stringConvertible(status)])
        guard (200..<300).contains(status) else {
            throw LLMError(.refused, "\(provider.name) answered \(status) \(reason)", status: status)
        }
    }

    /// Bytes of the body came; true when they complete the answer.
    func receive(_ buffer: ByteBuffer) throws -> Bool {
        let arrived: [(LLMStreamEvent, Int)] = try state.withLock { state in
            state.bytes += buffer.readableBytes
            guard state.bytes <= maximumBytes else {
                throw LLMError(.tooLarge, "the answer is longer than \(maximumBytes) bytes")
            }
            var arrived: [(LLMStreamEvent, Int)] = []
            for raw in try parse(buffer, &state.parser) where !state.ended {
                let event = try read(raw)
                switch event {
                case .token(let text):
                    state.text += text
                    state.tokens += 1
                case .end: state.ended = true
                case .error(let message): throw LLMError(.failed, "\(provider.name) said: \(message.prefix(500))")
                case .other: break
                }
                arrived.append((event, state.tokens))
            }
            return arrived
        }
        for case (.token, let count) in arrived {
            onWork()
            if count == 1 { tell(.firstToken, ["tokens": .stringConvertible(count)]) }
            tell(.token, ["tokens": .stringConvertible(count)])
        }
        return state.withLock { $0.ended }
    }

    /// The answer, once the body has ended or needs no more bytes.
    func finish() throws -> LLMCompletion {
        let (text, tokens, ended, bytes) = state.withLock { ($0.text, $0.tokens, $0.ended, $0.bytes) }
        guard ended else {
            throw LLMError(
                .closedEarly, "\(provider.name)'s answer ended after \(tokens) tokens (\(bytes) bytes) without its end mark")
        }
        return LLMCompletion(text: text, model: model, provider: provider.name, tokens: tokens)
    }

    private func parse(_ buffer: ByteBuffer, _ parser: inout ServerSentEventParser) throws -> [ServerSentEvent] {
        do {
            return try parser.feed(buffer.readableBytesView)
        } catch {
            throw LLMError(.malformed, "\(provider.name)'s answer has a line without end")
        }
    }

    private func read(_ event: ServerSentEvent) throws -> LLMStreamEvent {
        do {
            return try provider.read(event)
        } catch {
            throw LLMError(.malformed, "\(provider.name)'s answer is not what its API promises: \(event.data.prefix(120))")
        }
    }

    private func tell(_ event: EventName, _ attributes: Logger.Metadata) {
        // An event loop has no task whose context could be inherited.
        ServiceContext.$current.withValue(context) {
            observability.emit(event, attributes.merging(["provider": "\(provider.name)"]) { own, _ in own })
        }
    }
}
