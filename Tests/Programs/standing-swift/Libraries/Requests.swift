import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

extension Exhibit {
    /// Requests of SwiftNIO's clients whose end lies on their own side.
    static let requests: [String: Exhibit] = [
        "answer-passed-over": Exhibit(summary: "another process answered under another number than was asked, and waits for the next question; a timer ticks") { _ in
            await ask(inquiring: 7, of: "8")
        },
        "answer-begun": Exhibit(summary: "another process has answered the half of a line; a timer ticks") { _ in
            await ask(inquiring: 7, of: "7 half")
        },
        "answer-forgone": Exhibit(summary: "another process closed its side of the connection instead of an answer, which the client permits; a timer ticks") { _ in
            await ask(inquiring: 7, of: "")
        },
        "answer-to-another": Exhibit(summary: "another process gave an answer to another question and closed its side, which the client permits; a timer ticks") { _ in
            await ask(inquiring: 7, of: "6 goodbye")
        },
        "answer-and-goodbye": Exhibit(summary: "another process closed its side after its answer, and the client waits for what a timer will tell in a while") { _ in
            let told = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Void.self)
            told.futureResult.eventLoop.scheduleTask(in: .seconds(90)) { told.succeed() }
            await ask(inquiring: 7, of: goodbye)
            Roll.answer("inquirer")
            try? await told.futureResult.get()
        },
        "handler-spins": Exhibit(summary: "a task awaits a future of one event loop that a handler on another one would fulfil, which goes round for ever") { _ in await awaitSpinning() },
        "upload-open": Exhibit(summary: "a request whose body was not finished, to a server that reads it all before it answers; a timer ticks") { _ in
            Roll.expect(1)
            let (body, parts) = AsyncStream.makeStream(of: ByteBuffer.self)
            parts.yield(ByteBuffer(string: "first\n"))
            Cabinet.shared.keep(Upload(parts))
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port(of: "patient"))/")
            request.method = .POST
            request.body = .stream(body, length: .unknown)
            let group = MultiThreadedEventLoopGroup.singleton
            group.next().scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(100)) { _ in }
            Roll.answer("sender")
            _ = try? await HTTPClient(eventLoopGroup: group).execute(request, deadline: .distantFuture)
        },
    ]
}

/// Keeps what feeds a request's body.
private final class Upload: Sendable {
    private let parts: AsyncStream<ByteBuffer>.Continuation
    init(_ parts: AsyncStream<ByteBuffer>.Continuation) { self.parts = parts }
}

/// Lines, of which each begins with the number of its question.
struct Line: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")), let line = buffer.readSlice(length: end - buffer.readerIndex + 1) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(line))
        return .continue
    }
}

/// Gives each answer to whoever asked under its number; others have nobody who wants them.
final class Inquiries: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var asked: [String: EventLoopPromise<String>] = [:]

    func ask(_ number: Int, _ answer: EventLoopPromise<String>) { asked["\(number)"] = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let words = String(buffer: unwrapInboundIn(data)).split(whereSeparator: \.isWhitespace)
        words.first.flatMap { asked.removeValue(forKey: String($0)) }?.succeed(words.dropFirst().joined())
    }
}

private func ask(inquiring number: Int, of words: String) async {
    Roll.expect(1)
    let group = MultiThreadedEventLoopGroup.singleton
    group.next().scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(100)) { _ in }
    guard let channel = try? await ClientBootstrap(group: group).channelOption(.allowRemoteHalfClosure, value: true).connect(host: "127.0.0.1", port: port(telling: words)).get() else { return }
    let answer = channel.eventLoop.makePromise(of: String.self)
    try? await channel.eventLoop.submit {
        let inquiries = Inquiries()
        try channel.pipeline.syncOperations.addHandlers([ByteToMessageHandler(Line()), inquiries])
        inquiries.ask(number, answer)
    }.get()
    try? await channel.writeAndFlush(ByteBuffer(string: "\(number)?\n"))
    if words != goodbye { Roll.answer("inquirer") }
    _ = try? await answer.futureResult.get()
}

/// With this the other process closes its side.
private let goodbye = "7 goodbye"

/// Another process, which answers each question on one connection with the words, and ends the line where they are one; without any, or after it said goodbye, it
/// closes its side: its port.
func port(telling words: String) -> Int {
    let server = """
        import socket, sys
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(60)
        print("port", listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        while connection.recv(256):
            isLast = not sys.argv[1] or "goodbye" in sys.argv[1]
            connection.sendall(sys.argv[1].encode() + (b"\\n" if sys.argv[1] and (isLast or " " not in sys.argv[1]) else b""))
            if isLast: connection.shutdown(socket.SHUT_WR)
        """
    return port(of: URL(fileURLWithPath: "/usr/bin/python3"), ["-c", server, words])
}

private func awaitSpinning() async {
    Roll.expect(1)
    let (one, other) = (MultiThreadedEventLoopGroup(numberOfThreads: 1), MultiThreadedEventLoopGroup(numberOfThreads: 1))
    guard let channel = try? await ClientBootstrap(group: other).connect(host: "127.0.0.1", port: port(telling: "8")).get() else { return }
    let answer = one.next().makePromise(of: Int.self)
    try? await channel.eventLoop.submit { try channel.pipeline.syncOperations.addHandler(Spinner(answer)) }.get()
    // Nobody is told that it went out: the loop may be in the handler by then.
    channel.writeAndFlush(ByteBuffer(string: "?\n"), promise: nil)
    Roll.answer("waiter")
    _ = try? await answer.futureResult.get()
}

/// Looks through what came for what is not in it, and does not get on.
private final class Spinner: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answer: EventLoopPromise<Int>
    init(_ answer: EventLoopPromise<Int>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        var at = 0
        while at < bytes.count { at += bytes[at] == UInt8(ascii: ";") ? 1 : 0 }
        answer.succeed(at)
    }
}
