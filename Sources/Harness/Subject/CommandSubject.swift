internal import Evidence
internal import Glibc
internal import Monitoring
internal import Processes
internal import Scenario

/// Any command; ready when its output, its port, an address or a file says so.
final class CommandSubject: Subject {
    /// Real time between two looks.
    static let interval = Duration.milliseconds(20)

    private let plan: CommandPlan
    private let references: References
    private let folder: String
    private let http: HTTPDriver
    private let logged = Latch<Void>()
    private let pattern: LogProbe?

    init(plan: CommandPlan, references: References, folder: String, http: HTTPDriver) throws {
        self.plan = plan
        self.references = references
        self.folder = folder
        self.http = http
        pattern = try plan.ready?.logPattern.map { try LogProbe(name: "ready", pattern: $0) }
    }

    var address: String? { references["port.http"].map { "http://127.0.0.1:\($0)" } }
    var readyWithin: Duration { .seconds(plan.ready?.within_s ?? 10) }
    var readySign: String {
        guard let ready = plan.ready else { return "nothing" }
        return ready.logPattern.map { "a line of its output that matches \($0)" } ?? ready.httpGet.map { "an answer to GET \($0)" }
            ?? ready.port.map { "port \($0)" } ?? ready.file.map { "the file \($0)" } ?? "nothing"
    }

    func start(_ spawner: any ProcessSpawner, stdout: OwnedDescriptor, stderr: OwnedDescriptor) async throws -> ChildProcess {
        let words = plan.arguments.map(references.fill)
        guard let executable = words.first else {
            throw HarnessError(code: "no-command", message: "the command is empty", remedy: "Name the program to run.")
        }
        var environment = SpawnRequest.currentEnvironment
        for (name, value) in plan.environment { environment[name] = references.fill(value) }
        return try await spawner.spawn(
            SpawnRequest(
                executable: executable, arguments: Array(words.dropFirst()), environment: environment,
                workingDirectory: plan.workingDirectory ?? folder, stdout: .descriptor(stdout.number),
                stderr: .descriptor(stderr.number), allowTracing: true))
    }

    func observe(_ event: Event, line: String) {
        if let pattern, pattern.see(line) != nil { logged.set(()) }
    }

    func ready() async throws {
        guard let ready = plan.ready else { return }
        if pattern != nil {
            guard await logged.wait() != nil else { throw CancellationError() }
        } else {
            while !(await isReady(ready)) { try await Task.sleep(for: Self.interval) }
        }
    }

    private func isReady(_ ready: ReadyPlan) async -> Bool {
        if let get = ready.httpGet {
            let url = references.fill(get)
            let answer = await http.send("GET", url.hasPrefix("http") ? url : (address ?? "") + url, body: nil, limit: .seconds(1))
            if case .answer(let status, _) = answer { return (200..<300).contains(status) }
            return false
        }
        if let port = ready.port, let number = UInt16(references.fill(port)) { return accepts(number) }
        if let file = ready.file { return access(references.fill(file), F_OK) == 0 }
        return true
    }

    private func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}
