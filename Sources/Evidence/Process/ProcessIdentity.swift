/// A process for good: its pid alone may be given to another one later.
public struct ProcessIdentity: Codable, Sendable, Hashable {
    public var pid: Int32
    /// Start time in clock ticks since boot: field 22 of /proc/PID/stat, proc(5).
    public var startTicks: UInt64

    public init(pid: Int32, startTicks: UInt64) {
        self.pid = pid
        self.startTicks = startTicks
    }
}
