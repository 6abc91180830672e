import NIOCore
import NIOPosix

extension Exhibit {
    /// Event loops that are gone, or too many.
    static let loops: [String: Exhibit] = [
        "loop-shut-down": Exhibit(summary: "a task awaits a future of an event loop that was shut down") { _ in
            Roll.expect(1)
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let promise = group.next().makePromise(of: Int.self)
            Cabinet.shared.keep(promise)
            try? await group.shutdownGracefully()
            Roll.answer("waiter")
            _ = try? await promise.futureResult.get()
        },
        "two-connections": Exhibit(summary: "two tasks await answers on two connections of one event loop; a role ends with its connection's local port") { _ in
            Roll.expect(2)
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let server = try? await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
            for role in ["first", "second"] {
                Cabinet.shared.keep(Task { await askSilentServer(at: server?.localAddress, group, role) })
            }
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
        },
        "loop-scheduled": Exhibit(summary: "healthy: a task awaits work that its event loop does in a minute") { _ in
            Roll.expect(1)
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            Roll.answer("waiter")
            while !Task.isCancelled { _ = try? await loop.scheduleTask(in: .seconds(60)) { 1 }.futureResult.get() }
        },
        "loops-leaked": Exhibit(summary: "a group of event loops for each call, and none is shut down") { _ in
            Roll.expect(1)
            for call in 1...60 {
                let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
                Cabinet.shared.keep(group)
                _ = try? await group.next().submit { call }.get()
            }
            Roll.answer("caller")
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
        },
    ]
}

/// Holds the promise of an answer, as handlers of request-response protocols do.
final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answers: [EventLoopPromise<Int>]
    init(_ answer: EventLoopPromise<Int>) { answers = [answer] }
}

func askSilentServer(at address: SocketAddress?, _ group: any EventLoopGroup, _ role: String) async {
    guard let address, let channel = try? await ClientBootstrap(group: group).connect(to: address).get() else { return }
    let promise = channel.eventLoop.makePromise(of: Int.self)
    try? await channel.eventLoop.submit { try channel.pipeline.syncOperations.addHandler(AnswerHandler(promise)) }.get()
    Roll.answer("\(role)-\(channel.localAddress?.port ?? 0)")
    _ = try? await promise.futureResult.get()
}
