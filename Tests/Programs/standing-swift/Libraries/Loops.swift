import Foundation
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
        "loop-reloaded": Exhibit(summary: "an actor hands its work to a loop that was shut down at a reload") { _ in await rotate(renewsLoop: false) },
        "loop-renewed": Exhibit(summary: "healthy: an actor that takes a new loop at a reload awaits work that the loop does in a minute") { _ in await rotate(renewsLoop: true) },
        "flush-after-stop": Exhibit(summary: "a thread waits at a semaphore for what a loop was to do that was shut down before") { _ in
            Roll.expect(1)
            Thread.detachNewThread {
                let writer = LineWriter()
                try? writer.group.syncShutdownGracefully()
                Roll.answer("waiter")
                writer.flush()
            }
            while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(200)) }
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

private func rotate(renewsLoop: Bool) async {
    Roll.expect(1)
    let rotation = Rotation()
    await rotation.reload(renewsLoop: renewsLoop)
    Cabinet.shared.keep(Task { while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(200)) } })
    Roll.answer("waiter")
    await rotation.rotate()
}

/// Does its work on an event loop, and can be told to begin afresh.
private actor Rotation {
    private var group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private var loop: any EventLoop

    init() { loop = group.next() }

    func reload(renewsLoop: Bool) async {
        let old = group
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        if renewsLoop { loop = group.next() }
        try? await old.shutdownGracefully()
    }

    func rotate() async {
        let loop = loop
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            Cabinet.shared.keep(done)
            loop.execute { loop.scheduleTask(in: .seconds(60)) { done.resume() } }
        }
    }
}

/// Waits on a thread of its own for what it has its loop do.
private final class LineWriter: Sendable {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let loop: any EventLoop

    init() { loop = group.next() }

    func flush() {
        let done = DispatchSemaphore(value: 0)
        loop.execute { done.signal() }
        done.wait()
    }
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
