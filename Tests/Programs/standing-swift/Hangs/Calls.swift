import Dispatch
import Foundation

extension Exhibit {
    /// Calls that are never answered, streams that nobody ends, and twins that look alike and are healthy.
    static let calls: [String: Exhibit] = [
        "call-dropped": Exhibit(summary: "a callback that its library dropped, while other tasks go on") { _ in
            Roll.expect(1)
            let ticker = Task.detached { await tick() }
            await withCheckedContinuation { continuation in
                Library().dropping { continuation.resume() }
                Roll.answer("caller")
            }
            ticker.cancel()
        },
        "call-pending": Exhibit(summary: "healthy: a callback that an event source holds, in a process that listens") { _ in
            Roll.expect(1)
            await withCheckedContinuation { continuation in
                Cabinet.shared.keep(Listener { continuation.resume() })
                Roll.answer("caller")
            }
        },
        "call-forgotten": Exhibit(summary: "a call that an actor's table holds, and a process in which nothing can run any more") { _ in
            Roll.expect(1)
            await CallRegistry.shared.complete(call: 7)
        },
        "stream-abandoned": Exhibit(summary: "a stream whose producer has ended without finishing it, while other tasks go on") { _ in
            Roll.expect(1)
            let ticker = Task.detached { await tick() }
            await consume(abandonedStream())
            ticker.cancel()
        },
        "stream-fed": Exhibit(summary: "healthy: a stream that a timer feeds, rarely") { _ in
            Roll.expect(1)
            let (stream, feed) = AsyncStream<Int>.makeStream()
            let timer = DispatchSource.makeTimerSource(queue: .global())
            timer.schedule(deadline: .now() + 60, repeating: 60)
            timer.setEventHandler { feed.yield(1) }
            timer.resume()
            feed.yield(1)
            await consume(stream)
            timer.cancel()
        },
        "streams-unfed": Exhibit(summary: "a group of readers, the continuations of whose streams are kept by whoever awaits them, while others tick") { _ in
            let ticker = Task.detached { await tick() }
            await consumeInGroup()
            ticker.cancel()
        },
        "streams-kept": Exhibit(summary: "healthy: the same in a program that a signal tells to stop") { _ in
            let stop = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
            stop.setEventHandler { exit(0) }
            stop.resume()
            let ticker = Task.detached { await tick() }
            await consumeInGroup()
            ticker.cancel()
            stop.cancel()
        },
        "timeout-unheeded": Exhibit(summary: "a call that ignores its timeout's cancellation; the group waits for it") { _ in
            Roll.expect(1)
            Cabinet.shared.keep(Listener {})
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    Roll.answer("call")
                    await waitForNobody()
                }
                group.addTask { try? await Task.sleep(for: .milliseconds(10)) }
                await group.next()
                group.cancelAll()
            }
        },
        "clean-up": Exhibit(summary: "healthy: a cancelled task that puts things away step by step") { _ in
            Roll.expect(1)
            let task = Task.detached {
                while !Task.isCancelled { await Task.yield() }
                Roll.answer("cleaner")
                for step in 0..<1_000_000 { await Task.detached { _ = usleep(20_000 + UInt32(step % 2)) }.value }
            }
            task.cancel()
            await task.value
        },
        "child-for-ever": Exhibit(summary: "a group that waits for a child which sleeps for ever and is not cancelled") { _ in
            Roll.expect(1)
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    Roll.answer("child")
                    try? await Task.sleep(for: .seconds(40_000_000))
                }
                group.addTask {}
                await group.next()
            }
        },
        "monitor-uncancelled": Exhibit(summary: "a group whose work is done, and whose monitor is not cancelled") { _ in
            Roll.expect(1)
            let count = await withTaskGroup(of: Int.self) { group in
                group.addTask { await monitor() }
                for number in 0..<4 { group.addTask { number } }
                return await group.reduce(0, +)
            }
            Roll.answer("\(count)")
        },
        "monitors": Exhibit(summary: "healthy: a program that goes on in the children of a group") { _ in
            Roll.expect(1)
            await withTaskGroup(of: Int.self) { group in
                group.addTask { await monitor() }
                group.addTask { while true { try? await Task.sleep(for: .milliseconds(300)) } }
                await group.waitForAll()
            }
        },
        "child-retries": Exhibit(summary: "healthy, as far as can be told: a child that asks again and again until it gets its answer") { _ in
            Roll.expect(1)
            Roll.answer("child")
            async let others = awaitOthers()
            _ = await others
        },
        "services": Exhibit(summary: "healthy: a group of services, one of which does something now and then") { _ in
            Roll.expect(1)
            Cabinet.shared.keep(Listener {})
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await tick() }
                group.addTask {
                    Roll.answer("service")
                    await waitForNobody()
                }
            }
        },
        "backoff": Exhibit(summary: "a pause between attempts that is days long") { _ in
            Roll.expect(1)
            try? await attempt()
        },
        "rounds": Exhibit(summary: "healthy: a pause of a minute between rounds") { _ in
            Roll.expect(1)
            Roll.answer("rounds")
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
        },
        "queue-circle": Exhibit(summary: "two serial queues that sync into each other") { _ in
            Roll.expect(2)
            let (left, right) = (DispatchQueue(label: "left"), DispatchQueue(label: "right"))
            let met = DispatchGroup()
            // Both are expected before either begins: each holds its queue when it asks for the other's.
            for _ in 0..<2 { met.enter() }
            for (own, other) in [(left, right), (right, left)] {
                own.async {
                    met.leave()
                    met.wait()
                    Roll.answer(own.label)
                    other.sync {}
                }
            }
            while true { try? await Task.sleep(for: .seconds(60)) }
        },
        "queue-self": Exhibit(summary: "a barrier on a concurrent queue, waited for within a block of that queue") { _ in
            Roll.expect(1)
            let table = DispatchQueue(label: "table", attributes: .concurrent)
            Thread.detachNewThread { table.sync {
                Roll.answer("reader")
                table.sync(flags: .barrier) {}
            } }
            while true { try? await Task.sleep(for: .seconds(60)) }
        },
        "queue-readers": Exhibit(summary: "healthy: readers and barriers take turns on a concurrent queue") { _ in
            Roll.expect(1)
            let table = DispatchQueue(label: "table", attributes: .concurrent)
            for reader in 0..<2 {
                Thread.detachNewThread {
                    if reader == 0 { Roll.answer("reader") }
                    while true { table.sync(flags: reader == 0 ? [] : .barrier) { _ = usleep(50_000) } }
                }
            }
            while true { try? await Task.sleep(for: .seconds(60)) }
        },
    ]
}

/// Stands for a library that loses a callback on one of its ways out.
struct Library {
    func dropping(_ done: @escaping @Sendable () -> Void) {
        if CommandLine.arguments.isEmpty { done() }
    }
}

/// A listening socket with an event source: somebody could come.
final class Listener: @unchecked Sendable {
    private let source: any DispatchSourceRead

    init(onConnection: @escaping @Sendable () -> Void) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        listen(descriptor, 5)
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler(handler: onConnection)
        source.resume()
    }
}

func consumeInGroup() async {
    Roll.expect(2)
    var feeds: [AsyncStream<Int>.Continuation] = []
    await withTaskGroup(of: Void.self) { group in
        for _ in 0..<2 {
            let (stream, feed) = AsyncStream<Int>.makeStream()
            feeds.append(feed)
            group.addTask { await consume(stream) }
        }
        for feed in feeds { feed.yield(1) }
    }
    withExtendedLifetime(feeds) {}
}

func abandonedStream() -> AsyncStream<Int> {
    AsyncStream { continuation in
        Thread.detachNewThread { for number in 0..<3 { continuation.yield(number) } }
    }
}

/// Looks after the others until it is cancelled, which nobody does.
private func monitor() async -> Int {
    Roll.answer("monitor")
    let meter = Meter()
    var (before, line) = (0, "")
    while !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(150))
        let now = await meter.read()
        line = "\(now - before) of \(now)"
        before = now
    }
    return line.count
}

private actor Meter {
    private var rounds = 0
    func read() -> Int {
        rounds += 1
        return rounds
    }
}

private func awaitOthers() async -> Int {
    while true {
        if Roll.count > 1 { return Roll.count }
        try? await Task.sleep(for: .milliseconds(150))
    }
}

func tick() async {
    while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(200)) }
}

func attempt() async throws {
    Roll.answer("attempt")
    try await pause()
}

func pause() async throws { try await Task.sleep(for: .seconds(2_000_000)) }
