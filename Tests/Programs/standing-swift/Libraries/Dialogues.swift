import Foundation
import NIOCore
import NIOPosix

extension Exhibit {
    /// Who speaks first on a connection of SwiftNIO.
    static let dialogues: [String: Exhibit] = [
        "orders-asked": Exhibit(summary: "has asked another process for the next order, and gets none") { _ in
            await talk { inbound, outbound in
                var orders = inbound.makeAsyncIterator()
                while true {
                    try await outbound.write(ByteBuffer(string: "next"))
                    guard try await orders.next() != nil else { return }
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        },
        "orders-answered": Exhibit(summary: "healthy: has told another process that its order is done, and waits for the next one") { _ in
            await talk { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "here"))
                for try await _ in inbound {
                    try await Task.sleep(for: .milliseconds(5))
                    try await outbound.write(ByteBuffer(string: "done"))
                }
            }
        },
        "orders-handled": Exhibit(summary: "healthy: the same by a handler, while a task waits for the connection's end") { _ in
            Roll.expect(1)
            let client = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).channelInitializer { $0.pipeline.addHandler(Doer()) }
            guard let channel = try? await client.connect(host: "127.0.0.1", port: officePort()).get() else { return }
            try? await channel.writeAndFlush(ByteBuffer(string: "here"))
            Roll.answer("waiter")
            try? await channel.closeFuture.get()
        },
        "ordering": Exhibit(summary: "a server that has three orders for each client, the next one when the last was answered; says its port") { _ in
            let server = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).childChannelInitializer { $0.pipeline.addHandler(Office()) }
            guard let channel = try? await server.bind(host: "127.0.0.1", port: 0).get() else { return }
            Roll.write("port \(channel.localAddress?.port ?? 0)")
            try? await channel.closeFuture.get()
        },
    ]
}

private final class Office: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    private var orders = 3

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard orders > 0 else { return }
        orders -= 1
        context.channel.writeAndFlush(ByteBuffer(string: "order"), promise: nil)
    }
}

/// Answers each order.
private final class Doer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.channel.writeAndFlush(ByteBuffer(string: "done"), promise: nil) }
}

private func officePort() -> Int { port(of: URL(fileURLWithPath: "/proc/self/exe"), ["--until-eof", "ordering"]) }

private func talk(_ body: @escaping @Sendable (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void) async {
    Roll.expect(1)
    let connected = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: officePort()) { channel in
        channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
    }
    Roll.answer("worker")
    try? await connected?.executeThenClose { try await body($0, $1) }
}
