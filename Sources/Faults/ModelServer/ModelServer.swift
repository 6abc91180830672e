package import Evidence
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// A language model's server, with faults that can be armed and healed while it runs.
package final class ModelServer: Injector {
    private struct State {
        var listener: (any Channel)?
        var port = 0
        var connections: [Int: ServerConnection] = [:]
        var lastConnection = 0
        var lastRequest = 0
        var exchanges: [Int: Task<Void, Never>] = [:]
    }

    private let settings: ModelServerSettings
    private let group: MultiThreadedEventLoopGroup
    private let board = FaultBoard()
    private let state = Mutex(State())
    private let events: EventSink

    package init(settings: ModelServerSettings, events: @escaping EventSink = { _ in }) {
        self.settings = settings
        self.events = events
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// The port it listens on; 0 before `start`.
    package var port: Int { state.withLock { $0.port } }

    package func start() async throws {
        try await listen(port: settings.port)
        emit("listening", ["host": .string(settings.host), "port": .int(Int64(port))])
    }

    package func stop() async {
        let (listener, connections) = state.withLock { ($0.listener, Array($0.connections.values)) }
        try? await listener?.close()
        for connection in connections { try? await connection.channel.close() }
        // Closing cancelled them; the event loop must outlive what they still say to it.
        for exchange in state.withLock({ Array($0.exchanges.values) }) { await exchange.value }
        try? await group.shutdownGracefully()
    }

    package func connections() -> JSONValue {
        .array(
            state.withLock { $0.connections.values.sorted { $0.number < $1.number } }.map {
                ["connection": .int(Int64($0.number)), "peer": .int(Int64($0.peer))]
            })
    }

    // MARK: Faults

    package func fault(id: String, kind name: String, options: [String: String]) throws -> any Fault {
        let kind = try FaultCatalogue.kind(named: name)
        let values = try OptionValues(options.merging(["service": "self"]) { _, new in new }, of: kind.options, what: name)
        let behaviour = try ServerBehaviour(kind: kind, values: values)
        if case .vanish = behaviour, !SocketTricks.mayRepair() {
            throw FaultError.missing(capability: "tcp-repair", remedy: "Run as root, or give it CAP_NET_ADMIN.")
        }
        let times = try values.integer("times")
        return SwitchFault(
            id: id,
            arm: { [self] in
                board.arm(id, behaviour, times: times)
                try await apply(behaviour, armed: true)
            },
            heal: { [self] in
                board.heal(id)
                try? await apply(behaviour, armed: false)
            })
    }

    /// What a fault does beyond the exchanges: to the listener, and to connections that are open.
    private func apply(_ behaviour: ServerBehaviour, armed: Bool) async throws {
        switch behaviour {
        case .refuse:
            if armed { try await closeListener() } else { try await reopenListener() }
        case .notAccepting:
            try await state.withLock { $0.listener }?.setOption(.autoRead, value: !armed).get()
        case .blackholeConnect:
            await state.withLock { $0.listener }?.withDescriptor { descriptor in
                if armed { SocketTricks.dropIncoming(descriptor) } else { SocketTricks.acceptIncoming(descriptor) }
            }
        case .drop:
            for connection in openConnections { await connection.drop(armed) }
        case .reset(nil) where armed:
            for connection in openConnections { await connection.end(.reset) }
        case .vanish(nil) where armed:
            for connection in openConnections { await connection.end(.vanish) }
        default: break
        }
    }

    private var openConnections: [ServerConnection] { state.withLock { Array($0.connections.values) } }

    // MARK: Listening

    private func listen(port: Int) async throws {
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(handler(for: channel))
                }
            }
            .bind(host: settings.host, port: port).get()
        state.withLock {
            $0.listener = listener
            $0.port = listener.localAddress?.port ?? port
        }
    }

    private func closeListener() async throws {
        let listener = state.withLock { state in
            defer { state.listener = nil }
            return state.listener
        }
        try await listener?.close()
    }

    private func reopenListener() async throws {
        guard state.withLock({ $0.listener == nil }) else { return }
        try await listen(port: port)
    }

    private func handler(for channel: any Channel) -> ConnectionHandler {
        let connection = state.withLock { state in
            state.lastConnection += 1
            let connection = ServerConnection(number: state.lastConnection, channel: channel)
            state.connections[connection.number] = connection
            return connection
        }
        emit("connection", ["connection": .int(Int64(connection.number)), "peer": .int(Int64(connection.peer))])
        return ConnectionHandler(
            answer: { [self] head, body in
                startExchange(connection, head, body)
            },
            whenOpen: { [board] in
                // Whoever armed it found no open connection to act on.
                guard board.isArmed({ $0 == .drop }) else { return }
                Task { await connection.drop(true) }
            },
            whenClosed: { [self] in
                state.withLock { _ = $0.connections.removeValue(forKey: connection.number) }
                emit("closed", ["connection": .int(Int64(connection.number))])
            })
    }

    private func startExchange(_ connection: ServerConnection, _ head: HTTPRequestHead, _ body: Data) -> Task<Void, Never> {
        state.withLock { state in
            state.lastRequest += 1
            let number = state.lastRequest
            let task = Task { [self] in
                await Exchange(
                    number: number, connection: connection, head: head, body: body, settings: settings, board: board,
                    emit: { [self] in emit($0, $1) }
                ).run()
                self.state.withLock { _ = $0.exchanges.removeValue(forKey: number) }
            }
            state.exchanges[number] = task
            return task
        }
    }

    private func emit(_ name: String, _ attributes: [String: JSONValue]) {
        events(InjectorEvent(name: name, monotonic_s: monotonicSeconds(), attributes: attributes))
    }
}
