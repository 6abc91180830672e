/// Every kind of fault there is. Scenario validation, JSON Schema, help and `docs/faults.md` follow it.
enum FaultCatalogue {
    static let all: [FaultKind] = answers + connections + network + storage

    private static let service = OptionDescription("service", "The service that misbehaves.", .service, required: true)
    private static let afterTokens = OptionDescription(
        "after-tokens", "Tokens (model server) that pass first; counted in each answer.", .integer)
    private static let afterBytes = OptionDescription(
        "after-bytes", "Bytes (proxy) that pass first; counted on each connection.", .bytes)
    private static let times = OptionDescription(
        "times", "How many requests it hits; later ones are served properly. Without it, all.", .integer)
    private static let direction = OptionDescription(
        "direction", "Which way, at a proxy: up (to the service), down (to the client) or both.",
        .word(["up", "down", "both"]), default: "down")

    /// What a server does to its answers.
    private static let answers: [FaultKind] = [
        FaultKind(
            "stall", "The answer stops in the middle; the connection stays open and its kernel still acknowledges.",
            targets: [.modelServer, .proxy], options: [service, afterTokens, afterBytes, direction, times]),
        FaultKind(
            "silence", "Requests are read and never answered, not even with headers.", targets: [.modelServer],
            options: [service, times]),
        FaultKind(
            "stall-after-headers", "Status and headers come, the body does not.", targets: [.modelServer],
            options: [service, times]),
        FaultKind(
            "drip", "Bytes trickle in, one every so often: no read timeout fires.", targets: [.modelServer, .proxy],
            options: [
                service, OptionDescription("every", "Time between two pieces.", .seconds, required: true),
                OptionDescription("bytes", "Size of a piece.", .bytes, default: "1"), direction, times,
            ]),
        FaultKind(
            "status", "An error status instead of an answer.", targets: [.modelServer],
            options: [
                service, OptionDescription("code", "HTTP status, such as 429 or 500.", .integer, required: true),
                OptionDescription("retry-after", "Adds a Retry-After header, in whole seconds.", .seconds), times,
            ]),
        FaultKind(
            "malformed", "A well-delivered answer that is not what it should be.", targets: [.modelServer],
            options: [
                service,
                OptionDescription(
                    "how", "invalid JSON; a stream cut in an event and ended without its end mark; nothing; an HTML page; bytes that are not UTF-8.",
                    .word(Malformation.allCases.map(\.rawValue)), required: true), times,
            ]),
        FaultKind(
            "wrong-model", "The answer names another model than was asked for.", targets: [.modelServer],
            options: [service, OptionDescription("model", "The name it gives.", .string, default: "model-other"), times]),
    ]

    /// What happens to connections.
    private static let connections: [FaultKind] = [
        FaultKind(
            "close-early", "The connection is closed (FIN) before the answer is whole; without after-tokens or after-bytes, at once.",
            targets: [.modelServer, .proxy], options: [service, afterTokens, afterBytes, direction, times]),
        FaultKind(
            "reset", "The connection is reset (RST); without after-tokens or after-bytes, at once, open ones included.",
            targets: [.modelServer, .proxy], options: [service, afterTokens, afterBytes, direction, times]),
        FaultKind(
            "vanish", "Half-open: the service's socket is gone without FIN or RST, and the client's stays established; without after-tokens or after-bytes, at once.",
            targets: [.modelServer, .proxy], requires: ["tcp-repair"],
            options: [service, afterTokens, afterBytes, direction, times]),
        FaultKind(
            "refuse", "The port is closed: new connections are refused; open ones live on.", targets: [.modelServer, .proxy],
            options: [service]),
        FaultKind(
            "not-accepting", "The port listens and nobody accepts: connections are established and stay in the backlog.",
            targets: [.modelServer, .proxy], options: [service]),
    ]

    /// What happens to packets and bytes on their way.
    private static let network: [FaultKind] = [
        FaultKind(
            "drop", "A dead network on open connections: what the client sends is not acknowledged, so it retransmits; nothing comes back. Healed, nothing was lost.",
            targets: [.modelServer, .proxy], options: [service]),
        FaultKind(
            "blackhole-connect", "Connecting gets no answer: SYNs are dropped. Open connections live on.",
            targets: [.modelServer, .proxy], options: [service]),
        FaultKind(
            "latency", "Adds a delay: before the answer (model server), or to all bytes (proxy).",
            targets: [.modelServer, .proxy],
            options: [
                service, OptionDescription("by", "How long.", .seconds, required: true),
                OptionDescription("jitter", "Varies it by up to so much, either way.", .seconds, default: "0s"), direction,
            ]),
        FaultKind(
            "bandwidth", "Limits the bytes a second of each connection (scenario seconds).", targets: [.proxy],
            options: [service, OptionDescription("rate", "Bytes a second.", .bytes, required: true), direction]),
        FaultKind(
            "slicer", "Cuts the stream into small pieces, with a pause after each.", targets: [.proxy],
            options: [
                service, OptionDescription("size", "Size of a piece.", .bytes, default: "64"),
                OptionDescription("pause", "Pause after each.", .seconds, default: "0s"), direction,
            ]),
    ]

    private static let storage: [FaultKind] = [
        FaultKind(
            "lock-database", "Another process locks a SQLite database and keeps it locked.", targets: [.database],
            options: DatabaseLock.options),
        FaultKind(
            "signal", "Sends a signal to the subject; a stopping one is undone by SIGCONT.", targets: [.subject],
            options: [
                OptionDescription("signal", "Which one.", .word(["STOP", "TSTP", "HUP", "INT", "TERM", "USR1", "USR2", "KILL"]), default: "STOP")
            ]),
    ]

    static func kind(named name: String) throws -> FaultKind {
        if let kind = all.first(where: { $0.name == name }) { return kind }
        throw FaultError(
            code: "unknown-fault", message: "There is no fault \"\(name)\"",
            remedy: "Faults are: \(all.map(\.name).joined(separator: ", ")).")
    }
}
