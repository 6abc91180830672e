internal import FoundationEssentials

/// What the harness asks of the supervisor: one SOCK_SEQPACKET message each, descriptors beside it.
enum SupervisorRequest: Codable, Sendable {
    case spawn(id: Int, program: PreparedSpawn.Program)
    case signal(pid: Int32, number: Int32, toGroup: Bool)
    /// End everything and exit.
    case finish
}

enum SupervisorReply: Codable, Sendable {
    case started(id: Int, pid: Int32, startTicks: UInt64)
    case failed(id: Int, failure: SpawnFailure)
    case exited(pid: Int32, status: ExitStatus)
}

enum SupervisorWire {
    /// Below net.core.wmem_default (212 992 bytes on Linux), which bounds one message.
    static let maximumMessage = 180_000
    static let maximumDescriptors = 64
    /// The descriptor at which the supervisor finds its socket.
    static let socket: Int32 = 3
}
