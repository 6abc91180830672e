internal import Glibc

/// What can be done to a TCP socket so that the other end sees a broken network.
///
/// All of them act on descriptors of this process and need no network namespace.
package enum SocketTricks {
    /// TCP_REPAIR, include/uapi/linux/tcp.h.
    private static let tcpRepair: CInt = 19
    /// SO_ATTACH_FILTER and SO_DETACH_FILTER, include/uapi/asm-generic/socket.h.
    private static let attachFilter: CInt = 26
    private static let detachFilter: CInt = 27

    /// struct sock_filter, include/uapi/linux/filter.h.
    private struct FilterInstruction {
        var code: UInt16
        var jumpTrue: UInt8
        var jumpFalse: UInt8
        var k: UInt32
    }

    /// struct sock_fprog, include/uapi/linux/filter.h.
    private struct FilterProgram {
        var length: UInt16
        var instructions: UnsafeMutablePointer<FilterInstruction>
    }

    /// Whether TCP_REPAIR may be used here: it needs CAP_NET_ADMIN (tcp(7), net/ipv4/tcp.c).
    package static func mayRepair() -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return set(descriptor, CInt(IPPROTO_TCP), tcpRepair, 1)
    }

    /// Makes the next close(2) silent: under TCP_REPAIR the kernel forgets the connection and
    /// sends neither FIN nor RST (tcp_close, net/ipv4/tcp.c). The peer's socket stays established
    /// with nothing at its other end; what the peer sends later is answered by RST.
    package static func vanishOnClose(_ descriptor: CInt) -> Bool {
        set(descriptor, CInt(IPPROTO_TCP), tcpRepair, 1)
    }

    /// Bytes sent that the peer has not acknowledged: SIOCOUTQ, tcp(7). A socket that vanishes before
    /// the last acknowledgement (delayed by up to 200 ms) has it answered by RST, which the peer notices.
    package static func unacknowledgedBytes(_ descriptor: CInt) -> Int {
        var count: CInt = 0
        return ioctl(descriptor, 0x5411, &count) == 0 ? Int(count) : 0
    }

    /// Real time to wait for that before vanishing all the same.
    static let acknowledgementPatience = Duration.seconds(1)

    /// Makes the next close(2) send RST and throw away what was not sent yet: socket(7), SO_LINGER with time 0.
    @discardableResult
    package static func resetOnClose(_ descriptor: CInt) -> Bool {
        var value = linger(l_onoff: 1, l_linger: 0)
        return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size)) == 0
    }

    /// Drops every segment that comes in, unacknowledged, as a dead network would: the peer
    /// retransmits. On a listening socket, SYNs go unanswered. A socket filter that accepts 0 bytes
    /// (socket(7), SO_ATTACH_FILTER); tcp_v4_rcv applies it before anything else. No privilege needed.
    @discardableResult
    package static func dropIncoming(_ descriptor: CInt) -> Bool {
        // BPF_RET | BPF_K with 0: keep nothing of the packet.
        var instruction = FilterInstruction(code: 0x06, jumpTrue: 0, jumpFalse: 0, k: 0)
        return withUnsafeMutablePointer(to: &instruction) { pointer in
            var program = FilterProgram(length: 1, instructions: pointer)
            return setsockopt(
                descriptor, SOL_SOCKET, attachFilter, &program, socklen_t(MemoryLayout<FilterProgram>.size)) == 0
        }
    }

    /// Ends `dropIncoming`: the peer's retransmissions arrive, nothing is lost.
    @discardableResult
    package static func acceptIncoming(_ descriptor: CInt) -> Bool {
        set(descriptor, SOL_SOCKET, detachFilter, 0)
    }

    static func set(_ descriptor: CInt, _ level: CInt, _ name: CInt, _ number: CInt) -> Bool {
        var value = number
        return setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<CInt>.size)) == 0
    }
}
