internal import ArgumentParser
internal import Evidence
internal import Faults
internal import Glibc

/// The injectors alone: for people, and for the harness, which starts them with `--settings-fd` and `--control-fd`.
struct FaultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault",
        abstract: "The injectors alone: a model server, a TCP proxy, a database locker.",
        discussion: """
            Each runs until Ctrl-C and puts everything right again. --arm KIND:option=value,option=value arms any \
            fault of the injector and can be repeated; `hangscope fault list` shows them all.
            """,
        subcommands: [ModelServerCommand.self, ProxyCommand.self, LockDatabaseCommand.self, FaultListCommand.self])
}

/// Descriptors the harness hands over; hidden from people.
struct ControlOptions: ParsableArguments {
    @Option(name: .customLong("settings-fd"), help: .hidden) var settings: Int32?
    @Option(name: .customLong("control-fd"), help: .hidden) var control: Int32?

    /// Runs under the harness's control; false when this is a person's call.
    func run(_ kind: InjectorKind) async throws -> Bool {
        guard let settings, let control else { return false }
        do {
            try await kind.runControlled(settingsDescriptor: settings, controlDescriptor: control)
        } catch {
            throw ExitCode(70)
        }
        return true
    }
}

struct ArmOptions: ParsableArguments {
    @Option(name: .customLong("arm"), help: ArgumentHelp("A fault to arm at the start; repeatable.", valueName: "kind:option=value"))
    var arm: [String] = []
    @Option(name: .customLong("for"), help: "Ends by itself after so long, such as 30s.") var duration: String?
    @Option(help: "Scenario seconds in one real second.") var timeScale: Double = 1

    func console(_ more: [InjectorConsole.Order]) throws -> InjectorConsole {
        let orders = more + (try arm.map { try InjectorConsole.Order(text: $0) })
        return InjectorConsole(orders: orders, duration: try realDuration(duration), say: say)
    }
}

/// The value of `--for`.
private func realDuration(_ text: String?) throws -> Duration? {
    guard let text else { return nil }
    guard let seconds = OptionValues.parseSeconds(text) else {
        throw ValidationError("--for is \"\(text)\": give a time such as 30s, 250ms or 5m.")
    }
    return .seconds(seconds)
}

@Sendable func say(_ line: String) {
    print(line)
    fflush(nil)
}

struct ModelServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model-server", abstract: "A server that speaks the OpenAI and Anthropic APIs, and can misbehave.")
    @OptionGroup var control: ControlOptions
    @OptionGroup var armed: ArmOptions
    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port to listen on; 0 takes a free one.") var port = 9002
    @Option(help: "openai, anthropic or both.") var provider = ModelServerSettings.Provider.both
    @Option(help: "Model it offers; repeatable.") var model: [String] = []
    @Option(help: "Seconds before the first byte of an answer.") var latency = 0.2
    @Option(help: "Speed of answers.") var tokensPerSecond = 40.0
    @Option(help: "Length of an answer, in tokens.") var tokens = 60
    @Option(help: "Equal seeds and prompts give equal answers.") var seed: UInt64 = 1
    @Option(help: "Stall each answer after so many tokens.") var stallAfterTokens: Int?
    @Flag(help: "Read requests and never answer.") var silence = false
    @Option(help: "Answer with this HTTP error.") var status: Int?

    func run() async throws {
        if try await control.run(.modelServer) { return }
        var settings = ModelServerSettings(
            host: host, port: port, provider: provider, latency_s: latency, tokensPerSecond: tokensPerSecond, tokens: tokens,
            seed: seed, timeScale: armed.timeScale)
        if !model.isEmpty { settings.models = model }
        var orders: [InjectorConsole.Order] = []
        if let stallAfterTokens { orders.append(.init(kind: "stall", options: ["after-tokens": String(stallAfterTokens)])) }
        if silence { orders.append(.init(kind: "silence")) }
        if let status { orders.append(.init(kind: "status", options: ["code": String(status)])) }
        try await armed.console(orders).run(ModelServer(settings: settings, events: InjectorConsole.sink(say)))
    }
}

extension ModelServerSettings.Provider: ExpressibleByArgument {}

struct ProxyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "proxy", abstract: "A TCP proxy that can misbehave.")
    @OptionGroup var control: ControlOptions
    @OptionGroup var armed: ArmOptions
    @Option(help: "Address to listen on, HOST:PORT.") var listen = "127.0.0.1:9003"
    @Option(help: "Address it leads to, HOST:PORT.") var upstream: String?
    @Option(help: "Seeds what is random.") var seed: UInt64 = 1
    @Flag(help: "Stop forwarding answers.") var stall = false

    func run() async throws {
        if try await control.run(.proxy) { return }
        guard let upstream else { throw ValidationError("Where does it lead? Give --upstream HOST:PORT.") }
        let (host, port) = try address(listen, "--listen")
        let (upstreamHost, upstreamPort) = try address(upstream, "--upstream")
        let settings = FaultProxySettings(
            host: host, port: port, upstreamHost: upstreamHost, upstreamPort: upstreamPort, seed: seed, timeScale: armed.timeScale)
        try await armed.console(stall ? [.init(kind: "stall")] : [])
            .run(FaultProxy(settings: settings, events: InjectorConsole.sink(say)))
    }

    private func address(_ text: String, _ option: String) throws -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port) else {
            throw ValidationError("\(option) is \"\(text)\": give HOST:PORT.")
        }
        let host = text[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return (host.isEmpty ? "127.0.0.1" : String(host), port)
    }
}

struct LockDatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock-database", abstract: "Locks a SQLite database and keeps it locked.")
    @OptionGroup var control: ControlOptions
    @Argument(help: "The SQLite file.") var file: String?
    @Option(help: "shared, reserved, exclusive or wal-writer.") var lock = "exclusive"
    @Option(name: .customLong("for"), help: "Ends by itself after so long, such as 30s.") var duration: String?

    func run() async throws {
        if try await control.run(.lockDatabase) { return }
        guard let file else { throw ValidationError("Which database? Give the SQLite file.") }
        let order = InjectorConsole.Order(kind: "lock-database", options: ["database": file, "lock": lock])
        try await InjectorConsole(orders: [order], duration: try realDuration(duration), say: say)
            .run(DatabaseLocker(events: InjectorConsole.sink(say)))
    }
}

struct FaultListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Every fault, what it does and its options.")

    func run() {
        for kind in FaultRegistry.all {
            print("\(kind.name)  (\(kind.targets.map(\.rawValue).sorted().joined(separator: ", ")))")
            print("    \(kind.doc)")
            for option in kind.options {
                print("    \(option.name): \(option.doc) \(option.required ? "Required" : "Optional"), \(option.wanted)"
                    + (option.default.map { "; default \($0)" } ?? "") + ".")
            }
        }
    }
}
