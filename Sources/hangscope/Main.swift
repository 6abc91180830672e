internal import ArgumentParser

/// The command line: thin commands over the targets below.
@main
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
