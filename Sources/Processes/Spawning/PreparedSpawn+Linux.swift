internal import CLinux
internal import FoundationEssentials
internal import Glibc

/// A request made concrete: descriptors opened, program found, environment told.
struct PreparedSpawn: Sendable {
    /// The part that can be sent to another process.
    struct Program: Sendable, Codable {
        var path: String
        var arguments: [String]
        var environment: [String]
        var directory: String?
        var newProcessGroup: Bool
        var newSession = false
        var allowTracing: Bool
        var endWithParent: Bool
        /// Child's descriptor numbers, in the order of `sources`.
        var targets: [Int32]
    }

    var program: Program
    /// This process's descriptors, in the order of `program.targets`.
    var sources: [Int32]
    var pipes: ChildProcess.Pipes
    /// The child's ends, to be closed here once it runs.
    var owned: [OwnedDescriptor]

    init(_ request: SpawnRequest, endWithParent: Bool) throws(ProcessError) {
        var owned: [OwnedDescriptor] = []
        var pipes = ChildProcess.Pipes()
        var mapping: [Int32: Int32] = request.inherited

        func keep(_ descriptor: OwnedDescriptor) -> Int32 {
            owned.append(descriptor)
            return descriptor.number
        }
        switch request.stdin {
        case .null: mapping[0] = keep(try OwnedDescriptor.open("/dev/null", flags: O_RDONLY))
        case .inherit: mapping[0] = 0
        case .file(let path): mapping[0] = keep(try OwnedDescriptor.open(path, flags: O_RDONLY))
        case .descriptor(let number): mapping[0] = number
        case .pipe:
            let (read, write) = try OwnedDescriptor.pipe()
            mapping[0] = keep(read)
            pipes.input = PipeWriter(write)
        }
        for (target, stream) in [(Int32(1), request.stdout), (2, request.stderr)] {
            switch stream {
            case .null: mapping[target] = keep(try OwnedDescriptor.open("/dev/null", flags: O_WRONLY))
            case .inherit: mapping[target] = target
            case .file(let path):
                mapping[target] = keep(try OwnedDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_APPEND))
            case .descriptor(let number): mapping[target] = number
            case .pipe:
                let (read, write) = try OwnedDescriptor.pipe()
                mapping[target] = keep(write)
                if target == 1 { pipes.output = read } else { pipes.error = read }
            }
        }
        let environment = request.environment ?? SpawnRequest.currentEnvironment
        let targets = mapping.keys.sorted()
        self.program = Program(
            path: try Self.find(request.executable, path: environment["PATH"]),
            arguments: [request.executable] + request.arguments,
            environment: environment.map { "\($0.key)=\($0.value)" }.sorted(),
            directory: request.workingDirectory, newProcessGroup: request.newProcessGroup,
            allowTracing: request.allowTracing, endWithParent: endWithParent, targets: targets)
        self.sources = targets.map { mapping[$0]! }
        self.pipes = pipes
        self.owned = owned
    }

    /// A name without "/" is looked up in PATH, as execvp(3) does.
    private static func find(_ executable: String, path: String?) throws(ProcessError) -> String {
        if executable.contains("/") { return executable }
        for folder in (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let candidate = "\(folder)/\(executable)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw ProcessError(
            code: "executable-missing", message: "\(executable) is not in PATH",
            remedy: "Install it, or give the program's whole path.")
    }
}

extension PreparedSpawn.Program {
    /// Forks and executes in this process. `sources` stand in the order of `targets`.
    func start(sources: [Int32]) -> Result<Int32, SpawnFailure> {
        let argv = CStrings(arguments)
        let envp = CStrings(environment)
        var pid: pid_t = -1
        var step: Int32 = 0
        let number = path.withCString { path in
            withOptionalCString(directory) { directory in
                targets.withUnsafeBufferPointer { targets in
                    sources.withUnsafeBufferPointer { sources in
                        var request = hs_spawn_request(
                            path: path, argv: argv.pointers, envp: envp.pointers, directory: directory,
                            targets: targets.baseAddress, sources: sources.baseAddress,
                            mapping_count: Int32(targets.count), new_group: newProcessGroup ? 1 : 0,
                            new_session: newSession ? 1 : 0, allow_tracing: allowTracing ? 1 : 0,
                            end_with_parent: endWithParent ? 1 : 0)
                        return withExtendedLifetime((argv, envp)) { hs_spawn(&request, &pid, &step) }
                    }
                }
            }
        }
        return number == 0 ? .success(pid) : .failure(SpawnFailure(step: step, number: number))
    }

    private func withOptionalCString<Value>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Value) -> Value {
        guard let text else { return body(nil) }
        return text.withCString(body)
    }
}

/// Where a start failed (`hs_spawn_step`) and with which errno.
struct SpawnFailure: Error, Codable, Sendable {
    var step: Int32
    var number: Int32

    func error(for program: PreparedSpawn.Program) -> ProcessError {
        let reason = ErrorNumber.text(number)
        switch UInt32(step) {
        case HS_SPAWN_EXEC.rawValue where number == ENOENT:
            return ProcessError(
                code: "executable-missing", message: "\(program.path) cannot be started: \(reason)",
                remedy: "Check the path; for a script, also the interpreter in its first line.")
        case HS_SPAWN_EXEC.rawValue:
            return ProcessError(
                code: "cannot-execute", message: "\(program.path) cannot be started: \(reason)",
                remedy: number == EACCES ? "Make it executable (chmod +x)." : "Check that it is a program for this machine.")
        case HS_SPAWN_DIRECTORY.rawValue:
            return ProcessError(
                code: "directory-missing", message: "working directory \(program.directory ?? "") cannot be entered: \(reason)",
                remedy: "Create it, or correct the path.")
        case HS_SPAWN_FORK.rawValue:
            return ProcessError(
                code: "cannot-fork", message: "no process to be had: \(reason)",
                remedy: "Raise the limits on processes and memory, or end what uses them.")
        default:
            return .descriptors(number)
        }
    }
}

/// An array of C strings that ends with NULL, freed with its owner.
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointers = .allocate(capacity: count + 1)
        for (index, text) in strings.enumerated() { pointers[index] = strdup(text) }
        pointers[count] = nil
    }

    deinit {
        for index in 0..<count { free(pointers[index]) }
        pointers.deallocate()
    }
}
