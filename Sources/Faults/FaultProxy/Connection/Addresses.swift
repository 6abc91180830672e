internal import Glibc

/// A TCP socket's address, resolved.
struct SocketAddress {
    var storage = sockaddr_storage()
    var length: socklen_t = 0

    var family: CInt { CInt(storage.ss_family) }

    /// Numeric and local names; blocks while a name server is asked.
    init(host: String, port: Int) throws {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let found else {
            throw FaultError(
                code: "no-address", message: "\(host):\(port): \(String(cString: gai_strerror(code)))",
                remedy: "Name a host of this machine, such as 127.0.0.1.")
        }
        defer { freeaddrinfo(found) }
        length = found.pointee.ai_addrlen
        memcpy(&storage, found.pointee.ai_addr, Int(length))
    }

    /// The port a bound socket got.
    static func localPort(of descriptor: CInt) -> Int { port(of: descriptor, getsockname) }
    static func peerPort(of descriptor: CInt) -> Int { port(of: descriptor, getpeername) }

    private static func port(
        of descriptor: CInt, _ call: (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
    ) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
        }
        guard code == 0 else { return 0 }
        // The port is at the same place in sockaddr_in and sockaddr_in6, in network order: ip(7), ipv6(7).
        return withUnsafeBytes(of: &storage) { Int($0[2]) << 8 | Int($0[3]) }
    }

    func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// A listening socket on this address.
    func listen(backlog: CInt) throws -> CInt {
        let descriptor = try open()
        _ = SocketTricks.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        guard with({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let error = SocketError.last("bind")
            close(descriptor)
            throw FaultError(
                code: "port-in-use", message: "Cannot listen: \(error)",
                remedy: "See who does with `ss -ltnp`, or take another port (0 takes a free one).")
        }
        return descriptor
    }

    /// Starts to connect; the socket becomes writable when that is decided.
    func startConnecting() throws -> CInt {
        let descriptor = try open()
        guard with({ connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS else {
            let error = SocketError.last("connect")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func open() throws -> CInt {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw SocketError.last("socket") }
        return descriptor
    }
}
