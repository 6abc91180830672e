import AsyncHTTPClient
import Foundation
import FoundationNetworking
import NIOCore
import NIOHTTP1
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
        "answer-cut": Exhibit(summary: "reads an answer of another process that has stopped short of its length; a timer ticks") { _ in
            await read(from: "stopped")
        },
        "answer-events": Exhibit(summary: "healthy: reads the events of another process, which tells no length; a timer ticks") { _ in
            await read(from: "events")
        },
        "answer-tokens": Exhibit(summary: "has another process make something, whose answer tells no length and has stopped; a timer ticks") { _ in
            await read(from: "events", method: .POST)
        },
        "session-stopped": Exhibit(summary: "URLSession fetches an answer that stops halfway") { _ in await fetch(from: "stopped") },
        "session-slow": Exhibit(summary: "healthy: URLSession fetches an answer that comes bit by bit") { _ in await fetch(from: "slow") },
        "answering": Exhibit(summary: "a server that answers at the PACE whole, slow, stopped or events, or patient, not before the request's end; says its port") { arguments in
            guard let pace = arguments.first.flatMap(Answer.Pace.init) else { return }
            guard let server = await serve(Answer(pace)) else { return }
            Roll.write("port \(server.localAddress?.port ?? 0)")
            try? await server.closeFuture.get()
        },
        "answers-slow": Exhibit(summary: "healthy: a request waits for a connection on which an answer comes bit by bit") { _ in
            await ask(answer: Answer(.slow), reads: true)
        },
    ]
}

/// Answers each request with a large body: at once, a little at a time, or only its beginning; or with a first event.
final class Answer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    enum Pace: String { case whole, slow, stopped, events, patient }
    private static let size = 32 << 20
    private let pace: Pace
    init(_ pace: Pace) { self.pace = pace }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // It will not come to an end.
        if pace == .patient { return }
        let channel = context.channel
        guard pace != .events else {
            let text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\ne\r\ndata: welcome\n\r\n"
            return channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        }
        channel.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\n\r\n"), promise: nil)
        switch pace {
        case .whole: return channel.writeAndFlush(ByteBuffer(repeating: 120, count: Self.size), promise: nil)
        case .stopped: return channel.writeAndFlush(ByteBuffer(repeating: 120, count: 200), promise: nil)
        case .slow, .events, .patient: break
        }
        channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(50)) { _ in
            channel.writeAndFlush(ByteBuffer(repeating: 120, count: 200), promise: nil)
        }
    }
}

private func ask(answer: Answer, reads: Bool) async {
    Roll.expect(1)
    guard let server = await serve(answer) else { return }
    let group = MultiThreadedEventLoopGroup.singleton
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

private func serve(_ answer: Answer) async -> (any Channel)? {
    try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).childChannelInitializer { $0.pipeline.addHandler(answer) }
        .bind(host: "127.0.0.1", port: 0).get()
}

/// A server that is a child and ends with this process: its port.
func port(of pace: String) -> Int { port(of: URL(fileURLWithPath: "/proc/self/exe"), ["--until-eof", "answering", pace]) }

func port(of server: URL, _ arguments: [String]) -> Int {
    let child = Process(), output = Pipe()
    child.executableURL = server
    child.arguments = arguments
    (child.standardInput, child.standardOutput) = (Pipe(), output)
    try? child.run()
    Cabinet.shared.keep(child)
    var line = Data()
    while line.last != UInt8(ascii: "\n"), let byte = try? output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty { line += byte }
    return Int(String(decoding: line, as: UTF8.self).filter(\.isNumber)) ?? 0
}

/// Has Foundation fetch an answer whole.
private func fetch(from pace: String) async {
    Roll.expect(1)
    guard let url = URL(string: "http://127.0.0.1:\(port(of: pace))/") else { return }
    Roll.answer("reader")
    _ = try? await URLSession.shared.data(from: url)
}

/// Reads the answer of another process piece by piece.
private func read(from pace: String, method: HTTPMethod = .GET) async {
    Roll.expect(1)
    let port = port(of: pace)
    let group = MultiThreadedEventLoopGroup.singleton
    group.next().scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(100)) { _ in }
    let client = HTTPClient(eventLoopGroup: group)
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/")
    request.method = method
    guard let answer = try? await client.execute(request, deadline: .distantFuture) else { return }
    var isFirst = true
    do {
        for try await _ in answer.body {
            if isFirst { Roll.answer("reader") }
            isFirst = false
        }
    } catch {}
}
