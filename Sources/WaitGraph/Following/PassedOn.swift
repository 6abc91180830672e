import Evidence

/// Servers that tell their clients what another client has said: they owe nobody an answer.
extension Follower {
    /// Whether a server that waits for more on the connection has told another client at once, which had not asked, what came on this one.
    func isPassedOn(_ socket: SocketRecord) -> Bool { isTalk(socket) { own, other in Self.passes(from: own, to: other) } }

    /// Whether it has told this client, which had not asked, what another had said just before.
    func tellsOthersWord(_ socket: SocketRecord) -> Bool { isTalk(socket) { own, other in Self.passes(from: other, to: own) } }

    /// What a client said last and was told last: how many milliseconds ago, nil where it never was.
    private struct Talk {
        var client: SocketAddress
        var said_ms: Double?
        var told_ms: Double?
    }

    /// How soon what is passed on is passed on, and how far the clocks of two connections may differ (jiffies of up to 10 ms, CONFIG_HZ).
    private static let atOnce_ms = 1000.0
    private static let tick_ms = 10.0

    private static func passes(from speaker: Talk, to hearer: Talk) -> Bool {
        guard speaker.client != hearer.client, let said_ms = speaker.said_ms, let told_ms = hearer.told_ms else { return false }
        return told_ms <= said_ms + tick_ms && told_ms > said_ms - atOnce_ms && hearer.said_ms.map { $0 > said_ms + atOnce_ms } ?? true
    }

    private func isTalk(_ socket: SocketRecord, _ holds: (Talk, Talk) -> Bool) -> Bool {
        guard let server = socket.remote, isAwaited(by: socket.peer), let own = talk(socket, with: server) else { return false }
        return index.sockets.contains { talk($0, with: server).map { holds(own, $0) } == true }
    }

    /// By a client's own end of its connection, or by the server's.
    private func talk(_ socket: SocketRecord, with server: SocketAddress) -> Talk? {
        guard let tcp = socket.tcp, let remote = socket.remote else { return nil }
        let out_ms = tcp.bytesSent > 0 ? tcp.lastDataSent_ms : nil, in_ms = tcp.bytesReceived > 0 ? tcp.lastDataReceived_ms : nil
        if remote == server { return Talk(client: socket.local, said_ms: out_ms, told_ms: in_ms) }
        guard socket.local == server, index.isClient(socket) == false else { return nil }
        return Talk(client: remote, said_ms: in_ms, told_ms: out_ms)
    }
}
