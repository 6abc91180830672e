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
        guard let name = arguments.first, let exhibit = Exhibit.all[name] else {
            print("usage: standing-swift EXHIBIT [ARGUMENT]\n")
            for (name, exhibit) in Exhibit.all.sorted(by: { $0.key < $1.key }) { print("  \(name): \(exhibit.summary)") }
            return
        }
        await exhibit.stand(Array(arguments.dropFirst()))
    }
}

/// One way of standing still.
struct Exhibit: Sendable {
    var summary: String
    /// Never returns, except when it cannot stand.
    var stand: @Sendable ([String]) async -> Void

    static let all: [String: Exhibit] = [waits, actors, executors, crowds, families, libraries, calls, tickers, operations, orders]
        .reduce(into: [:]) { all, wing in all.merge(wing, uniquingKeysWith: { first, _ in first }) }
}
