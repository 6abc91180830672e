/// /proc/locks, whole: reading it waits for every processor of the machine, some milliseconds in which other things can be read.
package struct LockTable: Sendable {
    package private(set) var lines: [LockLine] = []
    /// Why it could not be read.
    package private(set) var failure: String?

    package init(_ lines: [LockLine]) { self.lines = lines }

    package init() {
        do throws(ProcFSError) {
            lines = try ProcFile.text("/proc/locks", limit: 16 << 20).split(separator: "\n").prefix(100_000).compactMap(LockLine.init)
        } catch { failure = "\(error)" }
    }
}
