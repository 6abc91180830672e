import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

extension Exhibit {
    /// What was asked of the process, by a client or by whoever ends it; and twins at rest.
    static let orders: [String: Exhibit] = [
        "request-unanswered": Exhibit(summary: "a server's handler awaits an approval that nobody gives, and its client an answer") { _ in
            Roll.expect(1)
            await answer { line, out in
                await Approvals.shared.approval()
                try await out.write(line)
            }
        },
        "request-subscribed": Exhibit(summary: "healthy: a server's handler has answered, and awaits what it could publish next") { _ in
            Roll.expect(1)
            await answer { line, out in
                try await out.write(line)
                await Approvals.shared.approval()
            }
        },
        "shutdown-unheeded": Exhibit(summary: "a group of services is told to shut down, and one of them reads on from a stream") { _ in
            Roll.expect(1)
            let (mails, feed) = AsyncStream<Int>.makeStream()
            Cabinet.shared.keep(feed)
            feed.yield(1)
            let services = group([Heart(), Mailer(mails: mails)])
            Cabinet.shared.keep(Task {
                await Approvals.shared.delivery()
                await services.triggerGracefulShutdown()
                Roll.answer("stopper")
            })
            try? await services.run()
        },
        "services-at-rest": Exhibit(summary: "healthy: a group of services, one of which waits for the next element of a stream") { _ in
            Roll.expect(1)
            let (mails, feed) = AsyncStream<Int>.makeStream()
            Cabinet.shared.keep(feed)
            feed.yield(1)
            Cabinet.shared.keep(Task {
                await Approvals.shared.delivery()
                Roll.answer("mailer")
            })
            try? await group([Heart(), Mailer(mails: mails)]).run()
        },
        "future-waited": Exhibit(summary: "a thread waits for a future of an event loop that was shut down, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let promise = group.next().makePromise(of: Int.self)
            Cabinet.shared.keep(promise)
            try? await group.shutdownGracefully()
            Thread.detachNewThread {
                Roll.answer("waiter")
                _ = try? promise.futureResult.wait()
            }
            await waitForNobody()
        },
        "future-scheduled": Exhibit(summary: "healthy: a thread waits for what its event loop does in a minute, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            let scheduled = MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: .seconds(60)) { 1 }
            Thread.detachNewThread {
                Roll.answer("waiter")
                _ = try? scheduled.futureResult.wait()
            }
            await waitForNobody()
        },
        "loop-asleep": Exhibit(summary: "a handler of an event loop sleeps for an hour") { _ in
            Roll.expect(1)
            let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
            loop.execute {
                Roll.answer("handler")
                sleep(3600)
            }
            _ = try? await loop.submit { 1 }.get()
        },
        "child-unread": Exhibit(summary: "waits for a child's end without reading its output, while a clock ticks") { _ in
            Roll.expect(1)
            Thread.detachNewThread { Clock.tick() }
            Thread.detachNewThread {
                Roll.answer("parent")
                filter("/usr/bin/seq", ["1", "100000"])
            }
            await waitForNobody()
        },
        "child-served": Exhibit(summary: "healthy: a server with a child that waits for it to end") { _ in
            Roll.expect(1)
            let child = Process()
            child.executableURL = URL(fileURLWithPath: "/bin/cat")
            child.standardInput = Pipe()
            try? child.run()
            Cabinet.shared.keep(child)
            Roll.answer("server")
            await serve()
        },
        "filter-fed": Exhibit(summary: "healthy: a block reads a child's output to its end, to which a thread that ticks adds what it finds") { _ in
            Roll.expect(1)
            let sorter = Sorter()
            DispatchQueue.global().async { print(sorter.sorted()) }
            Thread.detachNewThread {
                while true {
                    Thread.sleep(forTimeInterval: 0.2)
                    if FileManager.default.fileExists(atPath: "/no such parcel") { sorter.add("line") }
                }
            }
            Cabinet.shared.keep(sorter)
            await waitForNobody()
        },
        "executor-suspended": Exhibit(summary: "an actor whose executor's queue was suspended and not resumed") { _ in
            Roll.expect(1)
            let shelf = Shelf()
            await shelf.put()
            shelf.executor.queue.suspend()
            Roll.answer("waiter")
            await shelf.put()
        },
    ]
}

/// Serves one client of its own, which asks and waits.
private func answer(_ respond: @escaping @Sendable (ByteBuffer, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void) async {
    let group = MultiThreadedEventLoopGroup.singleton
    let server = try? await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
    }
    guard let server, let port = server.channel.localAddress?.port else { return }
    let client = Process()
    // Whatever becomes of this process, its client ends when this would have.
    client.executableURL = URL(fileURLWithPath: "/bin/bash")
    client.arguments = ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port); echo hello >&3; read -r line <&3; exec sleep 100"]
    try? client.run()
    Cabinet.shared.keep(client)
    try? await server.executeThenClose { connections in
        for try await connection in connections {
            try await connection.executeThenClose { inbound, outbound in
                for try await line in inbound {
                    Roll.answer("handler")
                    try await respond(line, outbound)
                }
            }
        }
    }
}

/// Where approvals are awaited, and the first delivery is reported.
actor Approvals {
    static let shared = Approvals()
    private var approvals: [CheckedContinuation<Void, Never>] = []
    private var deliveries: [CheckedContinuation<Void, Never>] = []
    private var hasDelivered = false

    func approval() async { await withCheckedContinuation { approvals.append($0) } }

    func delivery() async { if !hasDelivered { await withCheckedContinuation { deliveries.append($0) } } }

    func delivered() {
        hasDelivered = true
        for waiter in deliveries { waiter.resume() }
        deliveries = []
    }
}

private struct Mailer: Service {
    let mails: AsyncStream<Int>

    func run() async throws { for await _ in mails { await Approvals.shared.delivered() } }
}

private struct Heart: Service {
    func run() async throws { while !Task.isCancelled { try await Task.sleep(for: .milliseconds(200)) } }
}

private func group(_ services: [any Service]) -> ServiceGroup {
    ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }))
}

private func filter(_ tool: String, _ arguments: [String]) {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: tool)
    child.arguments = arguments
    let output = Pipe()
    child.standardOutput = output
    try? child.run()
    child.waitUntilExit()
    print(output.fileHandleForReading.readDataToEndOfFile().count)
}

private final class Sorter: @unchecked Sendable {
    private let child = Process()
    private let input = Pipe()
    private let output = Pipe()

    init() {
        child.executableURL = URL(fileURLWithPath: "/usr/bin/sort")
        child.standardInput = input
        child.standardOutput = output
        try? child.run()
    }

    func add(_ line: String) { try? input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8)) }

    @inline(never)
    func sorted() -> Int {
        Roll.answer("reader")
        return output.fileHandleForReading.readDataToEndOfFile().count
    }
}

private actor Shelf {
    final class QueueExecutor: SerialExecutor {
        let queue = DispatchQueue(label: "shelf")
        func enqueue(_ job: UnownedJob) { queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) } }
        func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
    }
    nonisolated let executor = QueueExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var count = 0
    func put() { count += 1 }
}
