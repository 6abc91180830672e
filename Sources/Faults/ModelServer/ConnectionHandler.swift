internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1

/// Collects the requests of one connection and has each answered in a task of its own.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Largest request body taken, in bytes: prompts of whole books fit.
    static let largestBody = 16 << 20

    private let answer: @Sendable (HTTPRequestHead, Data) -> Task<Void, Never>
    private let whenOpen: @Sendable () -> Void
    private let whenClosed: @Sendable () -> Void
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var exchange: Task<Void, Never>?

    init(
        answer: @escaping @Sendable (HTTPRequestHead, Data) -> Task<Void, Never>, whenOpen: @escaping @Sendable () -> Void,
        whenClosed: @escaping @Sendable () -> Void
    ) {
        self.answer = answer
        self.whenOpen = whenOpen
        self.whenClosed = whenClosed
    }

    func channelActive(context: ChannelHandlerContext) {
        whenOpen()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
            if body.readableBytes > Self.largestBody { context.close(promise: nil) }
        case .end:
            guard let head else { return }
            self.head = nil
            let bytes = Data(body.readableBytesView)
            exchange = answer(head, bytes)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange?.cancel()
        exchange = nil
        whenClosed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
