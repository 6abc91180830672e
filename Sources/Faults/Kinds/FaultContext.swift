package import Processes

/// What faults need of the run they are armed in.
package struct FaultContext: Sendable {
    /// Running services by their names in the scenario.
    package var services: [String: InjectorProcess]
    /// The job system's SQLite file; nil when the subject is another command.
    package var database: String?
    /// Fills in `${...}` in an option; throws when it names nothing.
    package var resolve: @Sendable (String) throws -> String
    /// Sends a signal to the subject, which must be a process of this run.
    package var signalSubject: @Sendable (Int32) async throws -> Void
    /// The program that runs as injector: hangscope itself.
    package var executable: String
    package var spawner: any ProcessSpawner

    package init(
        services: [String: InjectorProcess], database: String? = nil, executable: String, spawner: any ProcessSpawner,
        resolve: @escaping @Sendable (String) throws -> String = { $0 },
        signalSubject: @escaping @Sendable (Int32) async throws -> Void
    ) {
        self.services = services
        self.database = database
        self.resolve = resolve
        self.signalSubject = signalSubject
        self.executable = executable
        self.spawner = spawner
    }
}
