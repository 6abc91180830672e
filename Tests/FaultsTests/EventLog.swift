import Evidence
import Faults
import Synchronization

/// Keeps what an injector tells.
final class EventLog: Sendable {
    private let events = Mutex<[InjectorEvent]>([])
    var sink: EventSink { { [self] event in events.withLock { $0.append(event) } } }
    var all: [InjectorEvent] { events.withLock { $0 } }
    func count(_ name: String) -> Int { all.filter { $0.name == name }.count }
}

/// A model server that runs for the length of a test.
func withModelServer<Value>(
    _ settings: ModelServerSettings = ModelServerSettings(latency_s: 0, tokensPerSecond: 10_000, tokens: 20),
    _ body: (ModelServer, EventLog) async throws -> Value
) async throws -> Value {
    let log = EventLog()
    let server = ModelServer(settings: settings, events: log.sink)
    try await server.start()
    do {
        let value = try await body(server, log)
        await server.stop()
        return value
    } catch {
        await server.stop()
        throw error
    }
}

/// A proxy to a port of this machine that runs for the length of a test.
func withProxy<Value>(to port: Int, _ body: (FaultProxy, EventLog) async throws -> Value) async throws -> Value {
    let log = EventLog()
    let proxy = FaultProxy(settings: FaultProxySettings(upstreamPort: port), events: log.sink)
    try await proxy.start()
    do {
        let value = try await body(proxy, log)
        await proxy.stop()
        return value
    } catch {
        await proxy.stop()
        throw error
    }
}
