internal import Evidence
internal import Glibc
internal import Scenario
internal import Synchronization

/// Values of `${...}`: addresses of services, free ports, answers of earlier requests.
final class References: Sendable {
    private struct State {
        var values: [String: String] = [:]
        var ports: [String: UInt16] = [:]
        var saved: [String: JSONValue] = [:]
    }
    private let state = Mutex(State())

    func set(_ name: String, _ value: String) { state.withLock { $0.values[name] = value } }

    func save(_ name: String, _ answer: JSONValue) { state.withLock { $0.saved[name] = answer } }

    func value(_ name: String) -> String? {
        state.withLock { state in
            if let value = state.values[name] { return value }
            let parts = name.split(separator: ".").map(String.init)
            if parts.first == "port", parts.count == 2 {
                let port = state.ports[parts[1]] ?? Self.freePort()
                state.ports[parts[1]] = port
                return String(port)
            }
            guard var value = parts.first.flatMap({ state.saved[$0] }) else { return nil }
            for part in parts.dropFirst() {
                guard let member = value.object?[part] else { return nil }
                value = member
            }
            return value.text
        }
    }

    func expand(_ text: String) -> String { Template.expand(text) { value($0) } }

    func expand(_ values: [String: String]) -> [String: String] { values.mapValues { expand($0) } }

    /// The port behind `${port.NAME}` when it was used; nil otherwise.
    func port(_ name: String) -> UInt16? { state.withLock { $0.ports[name] } }

    /// A port that was free a moment ago.
    private static func freePort() -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                guard bind(descriptor, raw, length) == 0, getsockname(descriptor, raw, &length) == 0 else { return }
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
    }
}
