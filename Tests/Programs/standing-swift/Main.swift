import Foundation

/// A program that stands still on purpose: one subcommand for each kind of task and wait.
///
/// Prints a line `task ROLE ADDRESS` for every task with a known role, as it is about to
/// stand, then `ready` once all have. The lines are the truth that the tests compare with.
///
/// With `--until-eof` it ends when its standard input is closed, so that it never outlives its test; with `--for SECONDS` by
/// an alarm, which leaves no thread that could still act.
///
///     standing-swift continuation-checked
///     standing-swift many 1000
@main struct Main {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "--until-eof" {
            arguments.removeFirst()
            Thread.detachNewThread {
                while !FileHandle.standardInput.availableData.isEmpty {}
                exit(0)
            }
        }
        if arguments.first == "--for", arguments.count > 1, let seconds = UInt32(arguments[1]) {
            arguments.removeFirst(2)
            alarm(seconds)
        }
        // What only the outermost function can show: its own waits may be meant to keep the process alive.
        switch arguments.first {
        case "main-dropped":
            standNow()
            await withCheckedContinuation { continuation in Library().dropping { continuation.resume() } }
        case "main-parked":
            standNow()
            await withCheckedContinuation { (_: CheckedContinuation<Void, Never>) in }
            print("goes on")
        case "main-reads":
            standNow()
            for await number in abandonedStream() { print(number) }
        case "main-keeps":
            standNow()
            for await _ in abandonedStream() {}
            print("goes on")
        case "main-serves":
            standNow()
            await read(abandonedStream(), abandonedStream())
            return
        case "main-gathers":
            standNow()
            await read(abandonedStream(), abandonedStream())
            print("goes on")
        case "reply-lost":
            standNow()
            Reply().wait { _ = $0 }
        case "reply-logged":
            standNow()
            Reply().wait { _ in Journal.write("tick") }
        case "reply-late":
            standNow()
            Reply().wait { if Int.random(in: 0..<100_000) == 0 { $0.signal() } }
        case "gauges-short":
            standNow()
            Thread.detachNewThread { Gauge.meet { if $0.contains(where: { $0.level > 1000 }) { print("high") } } }
            await waitForNobody()
        case "gauges-to-come":
            standNow()
            Thread.detachNewThread { Gauge.meet { if Int.random(in: 0..<100_000) == 0 { $0[3].start() } } }
            await waitForNobody()
        default: break
        }
        guard let name = arguments.first, let exhibit = Exhibit.all[name] else {
            print("usage: standing-swift EXHIBIT [ARGUMENT]\n")
            for (name, exhibit) in Exhibit.all.sorted(by: { $0.key < $1.key }) { print("  \(name): \(exhibit.summary)") }
            return
        }
        await exhibit.stand(Array(arguments.dropFirst()))
    }

    /// Until both come to their ends.
    private static func read(_ streams: AsyncStream<Int>...) async {
        await withDiscardingTaskGroup { group in
            for stream in streams { group.addTask { for await number in stream { print(number) } } }
        }
    }

    private static func standNow() {
        Task.detached { await tick() }
        Roll.expect(1)
        Roll.answer("main")
    }
}

/// One way of standing still.
struct Exhibit: Sendable {
    var summary: String
    /// Never returns, except when it cannot stand.
    var stand: @Sendable ([String]) async -> Void

    static let all: [String: Exhibit] = [waits, actors, executors, crowds, families, libraries, calls, tickers, rounds, operations, handed, circles, orders]
        .reduce(into: [:]) { all, wing in all.merge(wing, uniquingKeysWith: { first, _ in first }) }
}
