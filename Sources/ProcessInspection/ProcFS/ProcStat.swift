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
        guard let open = utf8.firstIndex(of: UInt8(ascii: "(")), let close = utf8.lastIndex(of: UInt8(ascii: ")")), open < close else { return nil }
        var before = TextFields(text[..<open])
        // Fields count from 3, the state, on.
        var after = TextFields(text[utf8.index(after: close)...])
        guard let pid: Int32 = before.number(), let state = after.next(), let parent: Int32 = after.number() else { return nil }
        self.pid = pid
        name = String(text[utf8.index(after: open)..<close])
        self.state = String(state)
        parentPID = parent
        var numbers: [UInt64] = []
        // Group and session may be negative, and nobody asks for those.
        while numbers.count < 20, let field = after.next() { numbers.append(TextFields.number(field) ?? 0) }
        func number(_ field: Int) -> UInt64 { field - 5 < numbers.count ? numbers[field - 5] : 0 }
        guard numbers.count > 22 - 5 else { return nil }
        processGroup = Int32(truncatingIfNeeded: number(5))
        session = Int32(truncatingIfNeeded: number(6))
        userTicks = number(14)
        systemTicks = number(15)
        threadCount = Int(clamping: number(20))
        startTicks = number(22)
        virtual_bytes = number(23)
        resident_pages = number(24)
    }
}
