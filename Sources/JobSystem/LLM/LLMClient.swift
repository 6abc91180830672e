internal import AsyncHTTPClient
internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Tracing

/// Calls the configured provider, again if that is worth it, and then the fallback.
struct LLMClient: Sendable {
    private let configuration: Configuration
    private let observability: Observability
    private let http: HTTPClient
    private let transport: any LLMTransport

    init(configuration: Configuration, defects: Defects, observability: Observability) {
        self.configuration = configuration
        self.observability = observability
        let clock = observability.clock
        let isUnbounded = defects.leaveRequestsUnbounded
        var http = HTTPClient.Configuration(redirectConfiguration: .disallow)
        http.timeout.connect = clock.timeAmount(configuration.connectTimeout)
        http.timeout.read = isUnbounded ? nil : clock.timeAmount(configuration.readTimeout)
        http.connectionPool.idleTimeout = clock.timeAmount(.seconds(60))
        http.connectionPool.retryConnectionEstablishment = false
        http.httpVersion = .http1Only
        self.http = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: http)
        if defects.contains(.timeoutWithoutCancellation) {
            transport = FutureTransport(client: self.http)
        } else {
            transport = CancellableTransport(
                client: self.http, clock: clock, deadline: isUnbounded ? nil : configuration.requestTimeout)
        }
    }

    /// Ends what is still open; requests that are under way fail.
    func shutDown() async { try? await http.shutdown() }

    /// The providers in the order in which they are tried.
    private var providers: [Configuration.Provider] {
        [configuration.provider] + (configuration.fallback.map { [$0] } ?? [])
    }

    /// Asks for an answer; throws the last provider's error when none gave one.
    ///
    /// `onWork` is called whenever the request advances.
    func complete(_ prompt: LLMPrompt, onWork: @escaping @Sendable () -> Void) async throws -> LLMCompletion {
        var failure: any Error = LLMError(.failed, "no provider is configured")
        for provider in providers {
            for attempt in 1...configuration.attempts {
                do {
                    return try await request(prompt, from: provider, attempt: attempt, onWork: onWork)
                } catch let error as LLMError {
                    failure = error
                    guard error.isWorthRetrying, attempt < configuration.attempts else { break }
                    // Times that grow, so that a provider in trouble is not pressed.
                    try await observability.clock.sleep(for: .seconds(1) * attempt)
                }
            }
        }
        throw failure
    }

    private func request(
        _ prompt: LLMPrompt, from kind: Configuration.Provider, attempt: Int, onWork: @escaping @Sendable () -> Void
    ) async throws -> LLMCompletion {
        let provider: any LLMProvider = kind == .openai ? OpenAIProvider() : AnthropicProvider()
        let endpoint = configuration.endpoint(of: kind)
        // A model that the job asked for is one of the first provider's.
        let model = (kind == configuration.provider ? prompt.model : nil) ?? endpoint.model
        let address = EndpointAddress(baseURL: endpoint.baseURL)?.text ?? endpoint.baseURL
        var attributes = SpanAttributes()
        attributes["provider"] = provider.name
        attributes["model"] = model
        attributes["endpoint"] = address
        attributes["attempt"] = attempt
        attributes["chunk.index"] = prompt.chunkIndex
        return try await observability.span("llm.request", attributes) {
            let request = LLMRequest(
                url: endpoint.baseURL + provider.path,
                headers: [("Content-Type", "application/json"), ("Accept", "text/event-stream")]
                    + provider.headers(apiKey: endpoint.apiKey),
                body: try provider.body(prompt: prompt.text, model: model, maxTokens: configuration.maxTokens))
            let answer = LLMAnswer(
                provider: provider, model: model, maximumBytes: configuration.maxResponseBytes,
                observability: observability, onWork: onWork)
            let about: Logger.Metadata = [
                "provider": "\(provider.name)", "model": "\(model)", "endpoint": "\(address)",
                "attempt": .stringConvertible(attempt), "chunk.index": .stringConvertible(prompt.chunkIndex),
            ]
            onWork()
            observability.emit(.requestSent, about)
            do {
                try await transport.send(request, to: answer)
                return try answer.finish()
            } catch {
                let failure = translate(error, address)
                if !(failure is CancellationError) {
                    observability.emit(.requestFailed, about, level: .error, error: failure)
                }
                throw failure
            }
        }
    }

    /// The HTTP client's errors in our words; a cancelled task's are all `CancellationError`.
    private func translate(_ error: any Error, _ address: String) -> any Error {
        if Task.isCancelled || error is CancellationError { return CancellationError() }
        if error is LLMError { return error }
        switch error as? HTTPClientError {
        case .readTimeout:
            return LLMError(.readTimeout, "nothing came from \(address) for \(configuration.readTimeout.settingText)")
        case .connectTimeout:
            return LLMError(
                .connectFailed, "no connection to \(address) within \(configuration.connectTimeout.settingText)")
        case .deadlineExceeded:
            return LLMError(.requestDeadline, "no complete answer from \(address)")
        case .remoteConnectionClosed:
            return LLMError(.closedEarly, "\(address) closed the connection before its answer was complete")
        case let other?:
            return LLMError(.failed, "\(address): \(other.shortDescription)")
        case nil:
            return Self.isAboutConnecting(error)
                ? LLMError(.connectFailed, "no connection to \(address): \(error)")
                : LLMError(.closedEarly, "\(address) broke off the connection: \(error)")
        }
    }

    private static func isAboutConnecting(_ error: any Error) -> Bool {
        if error is NIOConnectionError { return true }
        return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains((error as? IOError)?.errnoCode)
    }
}
