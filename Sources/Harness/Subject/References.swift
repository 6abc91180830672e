internal import Evidence
internal import Faults
internal import Glibc
internal import Scenario
internal import Synchronization

/// The values of `${...}` in one run.
final class References: Sendable {
    private struct State {
        var values: [String: String] = [:]
        var saved: [String: JSONValue] = [:]
    }
    private let state: Mutex<State>

    init(_ values: [String: String]) { state = Mutex(State(values: values)) }

    subscript(name: String) -> String? {
        get { state.withLock { $0.values[name] } }
        set { state.withLock { $0.values[name] = newValue } }
    }

    func add(_ service: InjectorProcess) {
        self["\(service.name).url"] = service.baseURL
        self["\(service.name).host"] = service.host
        self["\(service.name).port"] = "\(service.port)"
    }

    /// Keeps an answer under a name: `${job.id}` is then its member.
    func save(_ value: JSONValue, as name: String) { state.withLock { $0.saved[name] = value } }

    /// Fills in what is known; ports that are asked for are chosen.
    func fill(_ text: String) -> String { Template.expand(text) { self.value($0) } }

    private func value(_ name: String) -> String? {
        if let value = self[name] { return value }
        if name.hasPrefix("port.") {
            guard let port = FreePort.choose() else { return nil }
            self[name] = "\(port)"
            return "\(port)"
        }
        let parts = name.split(separator: ".").map(String.init)
        guard let head = parts.first, let saved = state.withLock({ $0.saved[head] }) else { return nil }
        return parts.count == 1 ? saved.text : JSONPath.value(at: parts.dropFirst().joined(separator: "."), in: saved)?.text
    }
}

/// A TCP port of the loopback that is free now.
enum FreePort {
    static func choose() -> UInt16? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        return result == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }
}

/// Looks into JSON by `a.b.0` or by a pointer as RFC 6901 has it, `/a/b/0`.
enum JSONPath {
    static func value(at path: String, in json: JSONValue) -> JSONValue? {
        let parts =
            path.hasPrefix("/")
            ? path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
                .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
            : path.split(separator: ".").map(String.init)
        var value = json
        for part in parts.prefix(64) {
            switch value {
            case .object(let members):
                guard let member = members[part] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(part), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }
}
