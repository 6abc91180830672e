import Foundation
import NIOCore
import NIOPosix

extension Exhibit {
    /// Threads that wait for futures of SwiftNIO.
    static let futures: [String: Exhibit] = [
        "future-far": Exhibit(summary: "a thread waits until each of three letters is brought, one of which its event loop tries again in two days, while a clock ticks") { _ in
            let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
            let letters = [0, 0, 18].map { tries in
                loop.flatScheduleTask(in: .milliseconds(tries * 10_000_000)) { loop.makeSucceededFuture(tries) }.futureResult.flatMapError { _ in loop.makeSucceededFuture(0) }
            }
            await hold { count(try? EventLoopFuture.whenAllSucceed(letters, on: loop).wait().count) }
        },
        "future-begun": Exhibit(summary: "a thread waits for an answer of which another process has sent the half of a line, while a clock ticks") { _ in
            guard let (_, answer) = await inquire(of: "7 half") else { return }
            await hold { count(try? answer.wait().count) }
        },
        "future-of-end": Exhibit(summary: "healthy: a thread waits for the end of such a connection, while a clock ticks") { _ in
            guard let (channel, _) = await inquire(of: "7 half") else { return }
            await hold { count((try? channel.closeFuture.map { 1 }.wait())) }
        },
        "loop-behind-queue": Exhibit(summary: "an event loop waits for a queue, in a block of which a thread waits for a future of that loop") { _ in
            let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
            let queue = DispatchQueue(label: "ledger")
            await hold {
                queue.sync {
                    loop.execute { queue.sync {} }
                    count(try? loop.submit { 1 }.wait())
                }
            }
        },
    ]
}

private func inquire(of words: String) async -> (any Channel, EventLoopFuture<String>)? {
    let group = MultiThreadedEventLoopGroup.singleton
    guard let channel = try? await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port(telling: words)).get() else { return nil }
    let answer = channel.eventLoop.makePromise(of: String.self)
    try? await channel.eventLoop.submit {
        let inquiries = Inquiries()
        try channel.pipeline.syncOperations.addHandlers([ByteToMessageHandler(Line()), inquiries])
        inquiries.ask(7, answer)
    }.get()
    try? await channel.writeAndFlush(ByteBuffer(string: "7?\n"))
    return (channel, answer.futureResult)
}

/// Has a thread of its own do it, in the middle of its work.
private func hold(_ work: @escaping @Sendable () -> Void) async {
    Roll.expect(1)
    Thread.detachNewThread { Clock.tick() }
    Thread.detachNewThread {
        Roll.answer("waiter")
        work()
        print("done")
    }
    await waitForNobody()
}

private func count(_ number: Int?) { print("\(number ?? 0) more") }
