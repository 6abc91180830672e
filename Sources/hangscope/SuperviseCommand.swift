internal import ArgumentParser
internal import Processes

/// Not for people: started by `reproduce` and `regress` to start, and in the end to end, everything else.
struct SuperviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Start processes for a run and let none survive it.", shouldDisplay: false)

    func run() throws { SupervisorService.run() }
}
