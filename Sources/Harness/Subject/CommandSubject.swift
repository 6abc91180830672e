internal import Evidence
internal import Glibc
internal import Processes
internal import Scenario

/// Any command, with `${...}` filled in.
struct CommandSubject: Subject {
    let plan: CommandPlan
    let references: References
    let folder: String
    let probe: HTTPReader

    var patience: Duration { .seconds(plan.ready?.within_s ?? 10) }

    var baseURL: String? {
        references.value("subject.url") ?? references.port("http").map { "http://127.0.0.1:\($0)" }
    }

    func request(output: OwnedDescriptor) throws -> SpawnRequest {
        let words = plan.arguments.map { references.expand($0) }
        guard let executable = words.first, !executable.isEmpty else {
            throw HarnessError(code: "no-command", message: "the subject's command is empty", remedy: "Name a program in `command:`.")
        }
        var environment = SpawnRequest.currentEnvironment
        for (name, value) in references.expand(plan.environment) { environment[name] = value }
        let isRelative = executable.contains("/") && !executable.hasPrefix("/")
        return SpawnRequest(
            executable: isRelative ? folder + "/" + executable : executable, arguments: Array(words.dropFirst()),
            environment: environment, workingDirectory: plan.workingDirectory.map { references.expand($0) } ?? folder,
            stdout: .descriptor(output.number), stderr: .descriptor(output.number), allowTracing: true)
    }

    func isReady(line: String) -> Bool {
        guard let pattern = plan.ready?.logPattern, let expression = try? Regex(pattern) else { return false }
        return (try? expression.firstMatch(in: line)) != nil
    }

    func isReady() async -> Bool {
        guard let ready = plan.ready else { return true }
        if ready.logPattern != nil { return false }
        if let file = ready.file { return access(references.expand(file), F_OK) == 0 }
        if let url = ready.httpGet {
            let answer = await probe.get(references.expand(url), base: baseURL, within: .seconds(1))
            return (200..<300).contains(answer.status ?? 0)
        }
        if let port = ready.port, let number = UInt16(references.expand(port)) { return Self.accepts(port: number) }
        return true
    }

    private static func accepts(port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
