import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small LLM server that behaves as a test says.
final class StubLLM: Sendable {
    enum Behaviour: Sendable, Equatable {
        /// All tokens at once.
        case answer(tokens: Int)
        /// A token, then another after each pause of real time.
        case slow(tokens: Int, pause: Duration)
        case stall(afterTokens: Int)
        /// Not even a head.
        case silent
        case close(afterTokens: Int)
        case status(Int)
        case malformed
    }

    enum Dialect: Sendable { case openai, anthropic }

    struct Seen: Sendable, Equatable {
        var path: String
        var body: String
    }

    private struct State {
        var behaviours: [Behaviour]
        var seen: [Seen] = []
        var open = 0
    }

    private final class Box: Sendable {
        let value: Mutex<State>
        init(_ state: State) { value = Mutex(state) }
    }

    private let box: Box
    private let channel: any Channel
    let port: Int

    /// Answers the first request with the first behaviour, and so on; the last one stays.
    init(_ behaviours: Behaviour..., dialect: Dialect = .openai) async throws {
        let state = Box(State(behaviours: behaviours))
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    try child.pipeline.syncOperations.configureHTTPServerPipeline()
                    try child.pipeline.syncOperations.addHandler(
                        Handler(
                            dialect: dialect,
                            next: { seen in
                                state.value.withLock { state in
                                    state.seen.append(seen)
                                    return state.behaviours.count > 1
                                        ? state.behaviours.removeFirst() : state.behaviours[0]
                                }
                            },
                            opened: { change in state.value.withLock { $0.open += change } }))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.channel = channel
        self.port = channel.localAddress!.port!
        self.box = state
    }

    var baseURL: String { "http://127.0.0.1:\(port)" }
    var requests: [Seen] { box.value.withLock { $0.seen } }
    /// Connections that are open now.
    var openConnections: Int { box.value.withLock { $0.open } }

    func stop() async { try? await channel.close() }
}

/// Plays one behaviour on one connection.
private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let dialect: StubLLM.Dialect
    private let next: (StubLLM.Seen) -> StubLLM.Behaviour
    private let opened: (Int) -> Void
    private var path = ""
    private var body = ""

    init(
        dialect: StubLLM.Dialect, next: @escaping (StubLLM.Seen) -> StubLLM.Behaviour, opened: @escaping (Int) -> Void
    ) {
        self.dialect = dialect
        self.next = next
        self.opened = opened
    }

    func channelActive(context: ChannelHandlerContext) { opened(1) }
    func channelInactive(context: ChannelHandlerContext) { opened(-1) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (path, body) = (head.uri, "")
        case .body(let buffer): body += String(buffer: buffer)
        case .end: play(next(.init(path: path, body: body)), context)
        }
    }

    private func play(_ behaviour: StubLLM.Behaviour, _ context: ChannelHandlerContext) {
        switch behaviour {
        case .silent: break
        case .status(let code):
            head(context, HTTPResponseStatus(statusCode: code))
            end(context)
        case .malformed:
            head(context, .ok)
            send(context, "data: {\"choices\": [ oh no\n\n")
            end(context)
        case .answer(let tokens):
            head(context, .ok)
            for index in 0..<tokens { send(context, token(index)) }
            finish(context)
        case .stall(let tokens):
            head(context, .ok)
            for index in 0..<tokens { send(context, token(index)) }
        case .close(let tokens):
            head(context, .ok)
            for index in 0..<tokens { send(context, token(index)) }
            context.close(promise: nil)
        case .slow(let tokens, let pause):
            head(context, .ok)
            drip(context, 0, of: tokens, TimeAmount(pause))
        }
    }

    private func drip(_ context: ChannelHandlerContext, _ index: Int, of tokens: Int, _ pause: TimeAmount) {
        guard context.channel.isActive else { return }
        guard index < tokens else { return finish(context) }
        send(context, token(index))
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.drip(context, index + 1, of: tokens, pause)
        }
    }

    private func token(_ index: Int) -> String {
        switch dialect {
        case .openai: "data: {\"choices\":[{\"delta\":{\"content\":\"word\(index) \"}}]}\n\n"
        case .anthropic:
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":"
                + "{\"type\":\"text_delta\",\"text\":\"word\(index) \"}}\n\n"
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        send(
            context,
            dialect == .openai ? "data: [DONE]\n\n" : "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
        end(context)
    }

    private func head(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus) {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: ["content-type": "text/event-stream"])
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func send(_ context: ChannelHandlerContext, _ text: String) {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }

    private func end(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
