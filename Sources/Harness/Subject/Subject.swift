internal import Evidence
internal import Processes

/// The process under observation: started, waited for until it is ready, stopped.
protocol Subject: Sendable {
    /// What to start. `output` is the write end of the pipe its standard output goes to.
    func request(output: OwnedDescriptor) throws -> SpawnRequest
    /// True once a line of its output, or the world outside, shows that it is ready.
    func isReady(line: String) -> Bool
    /// Asked again and again until true; for signs that do not stand in the output.
    func isReady() async -> Bool
    /// Real time it has to get ready.
    var patience: Duration { get }
    /// Address its HTTP interface has; nil when it has none.
    var baseURL: String? { get }
}
