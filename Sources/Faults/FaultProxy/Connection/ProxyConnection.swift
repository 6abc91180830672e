internal import CLinux
internal import Glibc
internal import Synchronization

/// What is known of a connection from outside its thread.
final class ProxyConnection: Sendable {
    let number: Int
    /// The client's port.
    let peer: Int
    let mailbox: ThreadMailbox<ConnectionLoop>
    let bytesUp = Atomic(0)
    let bytesDown = Atomic(0)

    init(number: Int, peer: Int) throws {
        self.number = number
        self.peer = peer
        mailbox = try ThreadMailbox()
    }
}

/// A connection through the proxy: both sockets and both directions, in a thread of their own.
final class ConnectionLoop {
    private let client: CInt
    private var upstream: CInt = -1
    private let connection: ProxyConnection
    private var up: Lane?
    private var down: Lane?
    private var ending: ConnectionEnding?
    /// Sockets that are broken in both directions: poll(2) would report them for ever.
    private var hungUp: Set<CInt> = []
    private(set) var isDropping = false
    /// Faults that were armed before there was an upstream.
    private var early: [(name: String, up: Bool, fault: any StreamFault)] = []

    init(client: CInt, connection: ProxyConnection) {
        self.client = client
        self.connection = connection
    }

    // MARK: Orders, carried out between two steps

    func add(_ name: String, up isUp: Bool, _ fault: any StreamFault) {
        guard let lane = isUp ? up : down else { return early.append((name, isUp, fault)) }
        lane.chain.add(name, fault)
    }

    func remove(_ name: String) {
        early.removeAll { $0.name == name }
        let now = monotonicSeconds()
        up?.chain.remove(name, at: now)
        down?.chain.remove(name, at: now)
    }

    func drop(_ dropping: Bool) {
        guard dropping != isDropping else { return }
        isDropping = dropping
        if dropping { SocketTricks.dropIncoming(client) } else { SocketTricks.acceptIncoming(client) }
    }

    func end(_ ending: ConnectionEnding) { self.ending = self.ending ?? ending }

    // MARK: The thread

    /// Connects and forwards until one side or a fault ends it; says why.
    func run(to address: SocketAddress) -> String {
        defer { closeAll() }
        if let failure = connect(to: address) { return failure }
        let up = Lane(from: client, to: upstream)
        let down = Lane(from: upstream, to: client)
        (self.up, self.down) = (up, down)
        for order in early { add(order.name, up: order.up, order.fault) }
        early = []
        connection.mailbox.serve(self)
        var ready = Ready(up: true, down: true, orders: false)
        while true {
            if ready.orders { connection.mailbox.serve(self) }
            if let ending { return ending.rawValue }
            if !isDropping {
                let now = monotonicSeconds()
                for (lane, isReady) in [(up, ready.up), (down, ready.down)] where isReady {
                    switch lane.step(at: now) {
                    case .open, .finished: break
                    case .ended(let ending): self.ending = ending
                    case .failed(let number):
                        // What broke on one side breaks on the other.
                        self.ending = number == ECONNRESET || number == EPIPE ? .reset : .close
                    }
                }
                connection.bytesUp.store(up.passedBytes, ordering: .relaxed)
                connection.bytesDown.store(down.passedBytes, ordering: .relaxed)
                if let ending { return ending.rawValue }
                if up.isFinished && down.isFinished { return "finished" }
                if up.isBusy || down.isBusy {
                    ready = Ready(up: true, down: true, orders: true)
                    continue
                }
            }
            ready = wait(up, down)
        }
    }

    private func connect(to address: SocketAddress) -> String? {
        do { upstream = try address.startConnecting() } catch { return "upstream: \(error)" }
        while true {
            connection.mailbox.serve(self)
            if let ending { return ending.rawValue }
            var polled = [
                pollfd(fd: upstream, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: connection.mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            poll(&polled, 2, -1)
            if polled[0].revents == 0 { continue }
            var number: CInt = 0
            var length = socklen_t(MemoryLayout<CInt>.size)
            getsockopt(upstream, SOL_SOCKET, SO_ERROR, &number, &length)
            if number != 0 { return "upstream: \(SocketError(call: "connect", number: number))" }
            for descriptor in [client, upstream] { _ = SocketTricks.set(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, 1) }
            return nil
        }
    }

    /// What there may be to do after waiting.
    private struct Ready {
        var up: Bool
        var down: Bool
        var orders: Bool
    }

    private func wait(_ up: Lane, _ down: Lane) -> Ready {
        var events: [(descriptor: CInt, events: Int16)] = [(client, 0), (upstream, 0)]
        if !isDropping {
            if up.wantsInput { events[0].events |= Int16(POLLIN) }
            if down.wantsOutput { events[0].events |= Int16(POLLOUT) }
            if down.wantsInput { events[1].events |= Int16(POLLIN) }
            if up.wantsOutput { events[1].events |= Int16(POLLOUT) }
        }
        var polled = events.map { entry in
            // A negative descriptor is passed over: poll(2).
            pollfd(fd: entry.events == 0 && hungUp.contains(entry.descriptor) ? -1 : entry.descriptor, events: entry.events, revents: 0)
        }
        polled.append(pollfd(fd: connection.mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0))
        var wake = isDropping ? nil : [up.wake, down.wake].compactMap { $0 }.min()
        if let due = wake { wake = max(0, due - monotonicSeconds()) }
        _ = hs_poll(&polled, polled.count, wake.map { Int64(min($0, 3600) * 1e9) } ?? -1)
        for (index, entry) in events.enumerated() where polled[index].revents & Int16(POLLHUP | POLLERR) != 0 {
            if polled[index].revents & Int16(POLLERR) != 0, !isDropping {
                // A reset is the end for both, even where a fault keeps us from reading.
                ending = ending ?? .reset
            }
            hungUp.insert(entry.descriptor)
        }
        // Orders and timers may change what either direction can do; so may the end of a socket.
        let orders = polled[2].revents != 0
        let both = orders || wake != nil || (polled[0].revents | polled[1].revents) & Int16(POLLHUP | POLLERR) != 0
        let input = Int16(POLLIN), output = Int16(POLLOUT)
        return Ready(
            up: both || polled[0].revents & input != 0 || polled[1].revents & output != 0,
            down: both || polled[1].revents & input != 0 || polled[0].revents & output != 0, orders: orders)
    }

    private func closeAll() {
        up = nil
        down = nil
        switch ending {
        case .reset:
            SocketTricks.resetOnClose(client)
            if upstream >= 0 { SocketTricks.resetOnClose(upstream) }
        case .vanish:
            let deadline = ContinuousClock.now + SocketTricks.acknowledgementPatience
            while SocketTricks.unacknowledgedBytes(client) > 0 && ContinuousClock.now < deadline { poll(nil, 0, 2) }
            _ = SocketTricks.vanishOnClose(client)
        case .close, nil:
            // FIN first: close(2) alone sends RST where bytes were left unread.
            shutdown(client, CInt(SHUT_WR))
        }
        close(client)
        if upstream >= 0 { close(upstream) }
        connection.mailbox.close()
    }
}
