internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import Processes

@main
enum Program {
    /// Commands that look at another process do so in a child, which can be given up: made before any thread is.
    private static let looking: Set = ["snapshot", "tasks"]

    static func main() {
        if CommandLine.arguments.count > 1, looking.contains(CommandLine.arguments[1]) { _ = WatchedWork.begin(CommandLine.arguments[1]) }
        Task {
            await Hangscope.main()
            exit(0)
        }
        dispatchMain()
    }
}

/// The command line: thin commands over the targets below.
struct Hangscope: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hangscope",
        abstract: "Finds out why a job system stands still.",
        version: toolVersion,
        subcommands: [SuperviseCommand.self],
        groupedSubcommands: [
            CommandGroup(name: "Reproduce and keep away:", subcommands: [ReproduceCommand.self, RegressCommand.self]),
            CommandGroup(name: "Look at a process:", subcommands: [AttachCommand.self, SnapshotCommand.self, TasksCommand.self]),
            CommandGroup(name: "Recorded evidence:", subcommands: [DiagnoseCommand.self, CompareCommand.self]),
            CommandGroup(name: "Scenarios, causes, set-up:", subcommands: [
                ScenarioCommand.self, CausesCommand.self, DoctorCommand.self, FaultCommand.self,
            ]),
        ])
}

let toolVersion = "0.1.0"
