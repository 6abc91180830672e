internal import Evidence
internal import FoundationEssentials
internal import Glibc
internal import Processes
internal import Synchronization

/// The reference job system: settings, defects among them, go to it over an inherited descriptor.
final class JobSystemSubject: Subject {
    /// Beyond what the settings of any scenario need; a pipe holds as much without a reader (pipe(7)).
    static let maximumSettings = 65_536

    private struct Settings: Encodable {
        struct Clock: Encodable { var scale: Double }
        var config: [String: String]
        var defects: [String]
        var clock: Clock
    }

    private let executable: String
    private let settings: Settings
    private let listening = Latch<String>()

    init(executable: String, config: [String: String], defects: [String], scale: Double) {
        self.executable = executable
        settings = Settings(config: config, defects: defects, clock: .init(scale: scale))
    }

    var address: String? { listening.value }
    var readyWithin: Duration { .seconds(30) }
    var readySign: String { "the event `server.listening` of jobd" }

    func start(_ spawner: any ProcessSpawner, stdout: OwnedDescriptor, stderr: OwnedDescriptor) async throws -> ChildProcess {
        let bytes = [UInt8](try JSONEncoder().encode(settings))
        guard bytes.count <= Self.maximumSettings else {
            throw HarnessError(code: "settings-too-large", message: "the configuration has \(bytes.count) bytes", remedy: "Keep it under \(Self.maximumSettings).")
        }
        let (read, write) = try OwnedDescriptor.pipe()
        guard Glibc.write(write.number, bytes, bytes.count) == bytes.count else { throw HarnessError(ProcessError.cannotWrite, doing: "settings") }
        write.close()
        defer { read.close() }
        return try await spawner.spawn(
            SpawnRequest(
                executable: executable, arguments: ["--settings-fd", "3"], stdout: .descriptor(stdout.number),
                stderr: .descriptor(stderr.number), inherited: [3: read.number], allowTracing: true))
    }

    func observe(_ event: Event, line: String) {
        guard event.name == "server.listening", let port = event.attributes["port"]?.number else { return }
        let host = event.attributes["address"]?.string ?? "127.0.0.1"
        listening.set("http://\(host.contains(":") ? "[\(host)]" : host):\(Int(port))")
    }

    func ready() async throws {
        guard await listening.wait() != nil else { throw CancellationError() }
    }
}

extension ProcessError {
    static let cannotWrite = ProcessError(code: "cannot-write", message: "a pipe takes no bytes", remedy: "Raise the limits on pipes.")
}
