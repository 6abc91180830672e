/// /proc/PID/stat or /proc/PID/task/TID/stat, proc(5); only what is used.
package struct ProcStat: Sendable, Hashable {
    package var pid: Int32
    package var name: String
    /// State letter: R S D T t Z X I.
    package var state: String
    package var parentPID: Int32
    package var processGroup: Int32
    package var session: Int32
    /// Clock ticks (sysconf(_SC_CLK_TCK), 100 on every Linux).
    package var userTicks: UInt64
    package var systemTicks: UInt64
    package var threadCount: Int
    /// Clock ticks since boot.
    package var startTicks: UInt64
    package var virtual_bytes: UInt64
    package var resident_pages: UInt64

    package static let ticksPerSecond = 100.0

    package var user_s: Double { Double(userTicks) / Self.ticksPerSecond }
    package var system_s: Double { Double(systemTicks) / Self.ticksPerSecond }
    package var started_s: Double { Double(startTicks) / Self.ticksPerSecond }

    /// - Parameter text: the file's one line. The name is in parentheses and may itself hold any.
    package init?(_ text: String) {
        let utf8 = text.utf8
        guard let open = utf8.firstIndex(of: UInt8(ascii: "(")), let close = utf8.lastIndex(of: UInt8(ascii: ")")), open < close,
            let pid = Int32(text[..<open].drop { $0 == " " }.prefix { $0 != " " })
        else { return nil }
        let fields = text[utf8.index(after: close)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        // Fields count from 3, the state, on.
        func number<Number: FixedWidthInteger>(_ field: Int, _: Number.Type = Number.self) -> Number? {
            fields.count > field - 3 ? Number(fields[field - 3]) : nil
        }
        guard let state = fields.first, let parent = number(4, Int32.self), let start = number(22, UInt64.self) else { return nil }
        self.pid = pid
        self.name = String(text[utf8.index(after: open)..<close])
        self.state = String(state)
        self.parentPID = parent
        self.processGroup = number(5) ?? 0
        self.session = number(6) ?? 0
        self.userTicks = number(14) ?? 0
        self.systemTicks = number(15) ?? 0
        self.threadCount = number(20) ?? 1
        self.startTicks = start
        self.virtual_bytes = number(23) ?? 0
        self.resident_pages = number(24) ?? 0
    }
}
