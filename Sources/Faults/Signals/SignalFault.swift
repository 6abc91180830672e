internal import Glibc

/// Sends a signal to the subject; healing one that stops it sends SIGCONT.
actor SignalFault: Fault {
    private static let numbers: [String: Int32] = [
        "STOP": SIGSTOP, "TSTP": SIGTSTP, "HUP": SIGHUP, "INT": SIGINT, "TERM": SIGTERM, "USR1": SIGUSR1, "USR2": SIGUSR2,
        "KILL": SIGKILL,
    ]

    nonisolated let id: String
    private let signal: String
    private let send: @Sendable (Int32) async throws -> Void
    private var isArmed = false

    init(id: String, signal: String, send: @escaping @Sendable (Int32) async throws -> Void) {
        self.id = id
        self.signal = signal
        self.send = send
    }

    func arm() async throws {
        isArmed = true
        try await send(Self.numbers[signal] ?? SIGSTOP)
    }

    func heal() async {
        guard isArmed else { return }
        isArmed = false
        if signal == "STOP" || signal == "TSTP" { try? await send(SIGCONT) }
    }
}
