internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// One request, ready to be sent.
struct LLMRequest: Sendable {
    var url: String
    var headers: [(String, String)]
    var body: [UInt8]
}

/// Sends a request and feeds the answer to its reader, until that is complete or failed.
protocol LLMTransport: Sendable {
    func send(_ request: LLMRequest, to answer: LLMAnswer) async throws
}

/// The transport in normal service: cancelling the task ends the request and its connection, the
/// read timeout ends one that has gone silent, and the deadline ends any.
struct CancellableTransport: LLMTransport {
    var client: HTTPClient
    var clock: ScaledClock
    /// Nil with the defect `no-read-timeout`.
    var deadline: Duration?

    func send(_ request: LLMRequest, to answer: LLMAnswer) async throws {
        guard let deadline else { return try await exchange(request, answer) }
        try await withTimeout(deadline, clock: clock) {
            LLMError(.requestDeadline, "no complete answer within \(deadline.settingText)")
        } operation: {
            try await exchange(request, answer)
        }
    }

    private func exchange(_ request: LLMRequest, _ answer: LLMAnswer) async throws {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = .POST
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        outgoing.body = .bytes(ByteBuffer(bytes: request.body))
        let response = try await client.execute(outgoing, deadline: .distantFuture)
        try answer.receive(status: Int(response.status.code), reason: response.status.reasonPhrase)
        for try await buffer in response.body {
            if try answer.receive(buffer) { return }
        }
    }
}
