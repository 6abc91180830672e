package import Evidence
internal import Glibc
internal import Synchronization

/// A TCP proxy whose connections can be made to go wrong, each way for itself, while it runs.
package final class FaultProxy: Injector {
    /// More at a time are closed as they come: two threads' worth of a machine each.
    static let mostConnections = 1024

    private struct Armed {
        var name: String
        var fault: ProxyFault
        /// Connections it may still hit; nil for all.
        var left: Int?
    }

    private struct State {
        var port = 0
        var connections: [Int: ProxyConnection] = [:]
        var lastConnection = 0
        var armed: [Armed] = []
        var isStopping = false
    }

    private let settings: FaultProxySettings
    private let events: EventSink
    private let state = Mutex(State())
    private let acceptor = Mutex<ThreadMailbox<AcceptLoop>?>(nil)

    package init(settings: FaultProxySettings, events: @escaping EventSink = { _ in }) {
        self.settings = settings
        self.events = events
    }

    /// The port it listens on; 0 before `start`.
    package var port: Int { state.withLock { $0.port } }

    package func start() async throws {
        let upstream = try SocketAddress(host: settings.upstreamHost, port: settings.upstreamPort)
        let listener = try SocketAddress(host: settings.host, port: settings.port).listen(backlog: AcceptLoop.backlog)
        let port = SocketAddress.localPort(of: listener)
        let address = try SocketAddress(host: settings.host, port: port)
        let mailbox = try ThreadMailbox<AcceptLoop>()
        acceptor.withLock { $0 = mailbox }
        state.withLock { $0.port = port }
        startThread { [self] in
            AcceptLoop(address: address, listener: listener, mailbox: mailbox) { self.serve($0, upstream) }.run()
        }
        emit("listening", ["host": .string(settings.host), "port": .int(Int64(port))])
    }

    package func stop() async {
        let open = state.withLock { state in
            state.isStopping = true
            return Array(state.connections.values)
        }
        await acceptor.withLock { $0 }?.perform { $0.stop() }
        for connection in open { await connection.mailbox.perform { $0.end(.close) } }
    }

    package func connections() -> JSONValue {
        .array(
            state.withLock { $0.connections.values.sorted { $0.number < $1.number } }.map {
                [
                    "connection": .int(Int64($0.number)), "peer": .int(Int64($0.peer)),
                    "bytes-up": .int(Int64($0.bytesUp.load(ordering: .relaxed))),
                    "bytes-down": .int(Int64($0.bytesDown.load(ordering: .relaxed))),
                ]
            })
    }

    // MARK: Faults

    package func fault(id: String, kind name: String, options: [String: String]) throws -> any Fault {
        let kind = try FaultCatalogue.kind(named: name)
        let values = try OptionValues(options.merging(["service": "self"]) { _, new in new }, of: kind.options, what: name)
        let fault = try ProxyFault(kind: kind, values: values, pace: ScenarioPace(scale: settings.timeScale), seed: settings.seed)
        if fault.effect == .cut(.vanish, afterBytes: nil) || name == "vanish", !SocketTricks.mayRepair() {
            throw FaultError.missing(capability: "tcp-repair", remedy: "Run as root, or give it CAP_NET_ADMIN.")
        }
        let times = try values.integer("times")
        return SwitchFault(
            id: id,
            arm: { [self] in
                switch fault.effect {
                case .refuse: await order { $0.refuse(true) }
                case .notAccepting: await order { $0.accept(false) }
                case .blackholeConnect: await order { $0.dropSyns(true) }
                default: await arm(Armed(name: id, fault: fault, left: times))
                }
            },
            heal: { [self] in
                switch fault.effect {
                case .refuse: await order { $0.refuse(false) }
                case .notAccepting: await order { $0.accept(true) }
                case .blackholeConnect: await order { $0.dropSyns(false) }
                default: await heal(id, fault)
                }
            })
    }

    private func order(_ body: @escaping @Sendable (AcceptLoop) -> Void) async {
        await acceptor.withLock { $0 }?.perform(body)
    }

    private func arm(_ armed: Armed) async {
        // Under one lock: each connection is hit here or when it is accepted, never twice.
        let hit = state.withLock { state in
            var armed = armed
            var hit = state.connections.values.sorted { $0.number < $1.number }
            if let left = armed.left {
                hit = Array(hit.prefix(left))
                armed.left = left - hit.count
            }
            state.armed.append(armed)
            return hit
        }
        for connection in hit {
            await connection.mailbox.perform { armed.fault.apply(to: $0, named: armed.name, number: connection.number) }
        }
    }

    private func heal(_ name: String, _ fault: ProxyFault) async {
        let open = state.withLock { state in
            state.armed.removeAll { $0.name == name }
            return Array(state.connections.values)
        }
        for connection in open {
            await connection.mailbox.perform { loop in
                loop.remove(name)
                if fault.effect == .drop { loop.drop(false) }
            }
        }
    }

    // MARK: Connections

    private func serve(_ client: CInt, _ upstream: SocketAddress) {
        let admitted = state.withLock { state -> (ProxyConnection, [Armed])? in
            guard !state.isStopping, state.connections.count < Self.mostConnections,
                let connection = try? ProxyConnection(number: state.lastConnection + 1, peer: SocketAddress.peerPort(of: client))
            else { return nil }
            state.lastConnection += 1
            state.connections[connection.number] = connection
            var armed: [Armed] = []
            for index in state.armed.indices where state.armed[index].left != 0 {
                armed.append(state.armed[index])
                state.armed[index].left = state.armed[index].left.map { $0 - 1 }
            }
            return (connection, armed)
        }
        guard let (connection, armed) = admitted else {
            close(client)
            return
        }
        emit("connection", ["connection": .int(Int64(connection.number)), "peer": .int(Int64(connection.peer))])
        startThread { [self] in
            let loop = ConnectionLoop(client: client, connection: connection)
            for armed in armed { armed.fault.apply(to: loop, named: armed.name, number: connection.number) }
            let why = loop.run(to: upstream)
            state.withLock { _ = $0.connections.removeValue(forKey: connection.number) }
            emit(
                "closed",
                [
                    "connection": .int(Int64(connection.number)), "why": .string(why),
                    "bytes-up": .int(Int64(connection.bytesUp.load(ordering: .relaxed))),
                    "bytes-down": .int(Int64(connection.bytesDown.load(ordering: .relaxed))),
                ])
        }
    }

    private func emit(_ name: String, _ attributes: [String: JSONValue]) {
        events(InjectorEvent(name: name, monotonic_s: monotonicSeconds(), attributes: attributes))
    }
}
