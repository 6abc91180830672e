import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

extension Exhibit {
    /// What the field's libraries wait for.
    static let libraries: [String: Exhibit] = [
        "future-get": Exhibit(summary: "EventLoopFuture.get on a promise that is never fulfilled") { _ in
            Roll.expect(1)
            let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Int.self)
            Cabinet.shared.keep(promise)
            Roll.answer("waiter")
            _ = try? await promise.futureResult.get()
        },
        "http": Exhibit(summary: "an AsyncHTTPClient request without timeouts to the given URL") { arguments in
            Roll.expect(1)
            let client = HTTPClient(configuration: .init())
            Cabinet.shared.keep(client)
            Roll.answer("requester")
            await request(arguments.first ?? "http://127.0.0.1:1/", client)
        },
        "loop-blocked": Exhibit(summary: "an event loop blocked by a semaphore; a task awaits work on it") { _ in
            Roll.expect(1)
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let loop = group.next()
            Cabinet.shared.keep(group)
            loop.execute { blockThread() }
            Roll.answer("waiter")
            _ = try? await loop.submit { 1 }.get()
        },
        "idle-server": Exhibit(summary: "healthy: a server in its accept loop") { _ in
            Roll.expect(1)
            await serve()
        },
        "idle-worker": Exhibit(summary: "healthy: a worker that awaits the next item of a stream") { _ in
            Roll.expect(1)
            let (stream, feed) = AsyncStream<Int>.makeStream()
            Cabinet.shared.keep(feed)
            feed.yield(1)
            await consume(stream)
        },
    ].merging(loops) { first, _ in first }.merging(clients) { first, _ in first }.merging(requests) { first, _ in first }.merging(dialogues) { first, _ in first }.merging(futures) { first, _ in first }
}

func request(_ url: String, _ client: HTTPClient) async {
    var request = HTTPClientRequest(url: url)
    request.method = .GET
    do {
        let response = try await client.execute(request, deadline: .distantFuture)
        for try await _ in response.body {}
    } catch {
        print("ended: \(error)")
    }
}

func serve() async {
    do {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        Roll.write("port \(server.channel.localAddress?.port ?? 0)")
        Roll.answer("acceptor")
        try await server.executeThenClose { connections in
            for try await connection in connections {
                try await connection.executeThenClose { _, _ in }
            }
        }
    } catch {
        print("ended: \(error)")
    }
}
