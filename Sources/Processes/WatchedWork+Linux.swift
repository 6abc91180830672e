internal import CLinux

/// Work that may never come back from a call, such as reading memory that nobody fills, done in a child process
/// that can be given up for another one: `hs_outside.h`.
package enum WatchedWork {
    /// Forks: returns in the child, the number of the attempt from 0 on. Before any second thread is there.
    package static func begin(_ name: String) -> Int { Int(hs_work_watched(name)) }

    /// Of the process that watches this one, nil where none does.
    package static var watcherPID: Int32? { hs_watcher() == 0 ? nil : hs_watcher() }

    /// Keeps a line of input for the next attempt, until it is dealt with: nil.
    package static func keep(_ line: String?) { hs_pending_keep(line ?? "") }

    /// The line that an earlier attempt was at.
    package static func pending() -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { buffer in
            hs_pending(buffer.baseAddress, buffer.count) == 0 ? nil : String(cString: buffer.baseAddress!)
        }
    }
}
