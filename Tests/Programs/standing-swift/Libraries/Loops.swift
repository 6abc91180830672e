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
