/// Which system calls a stop would disturb, though no signal handler runs.
///
/// signal(7), "Interruption of system calls and library functions by stop signals", and the
/// kernel's sources for those it does not list. A stop makes them return EINTR, or less
/// than was asked for, so threads in them are read without stopping unless asked.
package enum StopSafety {
    package enum Verdict: Sendable, Hashable {
        /// The call is restarted, or none is under way.
        case safe
        /// It would return early: why.
        case disturbs(String)
        /// Only if the socket has a receive (or send) timeout.
        case disturbsIfTimeout(fd: Int32, receiving: Bool)
        /// Only if the word there is another one by now.
        case disturbsIfChanged(address: UInt64, expected: UInt32)
    }

    /// Where callers of a FUSE file system sleep; a stop sends the server FUSE_INTERRUPT, and the caller into an
    /// uninterruptible sleep in which it cannot be stopped (fs/fuse/dev.c, request_wait_answer).
    package static let fuse = "request_wait_answer"

    package static func verdict(number: Int, arguments: [UInt64]) -> Verdict {
        let fd = Int32(truncatingIfNeeded: arguments.first ?? 0)
        func flags(_ index: Int) -> UInt64 { index < arguments.count ? arguments[index] : 0 }
        // MSG_WAITALL 0x100 (bits/socket.h): what came so far would be returned.
        let waitAll: UInt64 = 0x100
        switch number {
        case 232, 281, 441: return .disturbs("epoll_wait returns EINTR after a stop")
        case 65, 220: return .disturbs("semop returns EINTR after a stop")
        case 128: return .disturbs("sigtimedwait returns EINTR after a stop")
        case 208: return .disturbs("io_getevents returns EINTR after a stop")
        case 426: return .disturbs("io_uring_enter returns EINTR after a stop")
        case 299: return .disturbs("recvmmsg returns what came so far after a stop")
        case 45 where flags(3) & waitAll != 0, 47 where flags(2) & waitAll != 0:
            return .disturbs("recv with MSG_WAITALL returns what came so far after a stop")
        case 0, 19, 45, 47, 43, 288: return .disturbsIfTimeout(fd: fd, receiving: true)
        case 42: return .disturbsIfTimeout(fd: fd, receiving: false)
        // A blocked write may have written a part, and would return that.
        case 1, 18, 20, 296, 328, 44, 46, 307: return .disturbs("a blocked write returns what was written so far after a stop")
        // FUTEX_WAIT 0 and FUTEX_WAIT_BITSET 9, without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME (linux/futex.h): begun again, they compare again. A signal
        // that was another waiter's leaves the rest with a word that has changed.
        case 202 where [0, 9].contains(flags(1) & 0x7f): return .disturbsIfChanged(address: flags(0), expected: UInt32(truncatingIfNeeded: flags(2)))
        case 40, 275, 276, 278, 326: return .disturbs("a blocked transfer returns what was moved so far after a stop")
        default: return .safe
        }
    }
}
