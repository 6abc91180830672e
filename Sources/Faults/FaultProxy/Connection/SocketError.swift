internal import Glibc

/// A system call on a socket that failed.
struct SocketError: Error, Sendable, Hashable, CustomStringConvertible {
    var call: String
    var number: CInt

    static func last(_ call: String) -> SocketError { SocketError(call: call, number: errno) }

    var description: String { "\(call): \(String(cString: strerror(number)))" }
}
