import AsyncHTTPClient
import NIOCore
import NIOPosix

extension Exhibit {
    /// Connections of an HTTP client's pool.
    static let clients: [String: Exhibit] = [
        "answers-unread": Exhibit(summary: "a request waits for a connection, and all are taken by answers that nobody reads; a timer ticks") { _ in
            await ask(answer: Answer(.whole), reads: false)
        },
        "answers-stopped": Exhibit(summary: "a request waits for a connection on which an answer has stopped halfway; a timer ticks") { _ in
            await ask(answer: Answer(.stopped), reads: true)
        },
        "answers-slow": Exhibit(summary: "healthy: a request waits for a connection on which an answer comes bit by bit") { _ in
            await ask(answer: Answer(.slow), reads: true)
        },
    ]
}

/// Answers each request with a large body: at once, a little at a time, or only its beginning.
final class Answer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    enum Pace { case whole, slow, stopped }
    private static let size = 32 << 20
    private let pace: Pace
    init(_ pace: Pace) { self.pace = pace }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        channel.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\n\r\n"), promise: nil)
        switch pace {
        case .whole: return channel.writeAndFlush(ByteBuffer(repeating: 120, count: Self.size), promise: nil)
        case .stopped: return channel.writeAndFlush(ByteBuffer(repeating: 120, count: 200), promise: nil)
        case .slow: break
        }
        channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(50)) { _ in
            channel.writeAndFlush(ByteBuffer(repeating: 120, count: 200), promise: nil)
        }
    }
}

private func ask(answer: Answer, reads: Bool) async {
    Roll.expect(1)
    let group = MultiThreadedEventLoopGroup.singleton
    guard let server = try? await ServerBootstrap(group: group).childChannelInitializer({ $0.pipeline.addHandler(answer) }).bind(host: "127.0.0.1", port: 0).get()
    else { return }
    var settings = HTTPClient.Configuration()
    settings.httpVersion = .http1Only
    settings.timeout.connect = .hours(1)
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
    let client = HTTPClient(eventLoopGroup: group, configuration: settings)
    let request = HTTPClientRequest(url: "http://127.0.0.1:\(server.localAddress?.port ?? 0)/")
    group.next().scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(100)) { _ in }
    guard let first = try? await client.execute(request, deadline: .distantFuture) else { return }
    let reader = Task { if reads { for try await part in first.body where part.readableBytes < 0 {} } else { Cabinet.shared.keep(first) } }
    Roll.answer("second")
    _ = try? await client.execute(request, deadline: .distantFuture)
    reader.cancel()
    try? await server.close()
}
