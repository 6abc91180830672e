internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// The transport of the defect `timeout-without-cancellation`: the request is a future, and who
/// awaits it cannot be cancelled.
///
/// `EventLoopFuture.get()` has no cancellation handler, and the client it is used with has no read
/// timeout, so that only the provider can end the wait.
struct FutureTransport: LLMTransport {
    var client: HTTPClient

    func send(_ request: LLMRequest, to answer: LLMAnswer) async throws {
        var outgoing = try HTTPClient.Request(url: request.url, method: .POST)
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        outgoing.body = .byteBuffer(ByteBuffer(bytes: request.body))
        try await client.execute(request: outgoing, delegate: AnswerDelegate(answer)).futureResult.get()
    }
}

/// Feeds an answer from the client's event loop.
private final class AnswerDelegate: HTTPClientResponseDelegate {
    private let answer: LLMAnswer

    init(_ answer: LLMAnswer) { self.answer = answer }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        task.eventLoop.makeCompletedFuture {
            try answer.receive(status: Int(head.status.code), reason: head.status.reasonPhrase)
        }
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        task.eventLoop.makeCompletedFuture { _ = try answer.receive(buffer) }
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}
}
