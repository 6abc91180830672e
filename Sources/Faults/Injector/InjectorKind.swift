internal import FoundationEssentials
internal import Glibc

/// The injectors that can be started as processes; raw values are their words on the command line.
package enum InjectorKind: String, Codable, Sendable, Hashable, CaseIterable {
    case modelServer = "model-server"
    case proxy
    case lockDatabase = "lock-database"

    /// Makes the injector from its settings as JSON.
    package func make(settings: [UInt8], events: @escaping EventSink) throws -> any Injector {
        let data = Data(settings)
        do {
            switch self {
            case .modelServer:
                return ModelServer(settings: try JSONDecoder().decode(ModelServerSettings.self, from: data), events: events)
            case .proxy:
                return FaultProxy(settings: try JSONDecoder().decode(FaultProxySettings.self, from: data), events: events)
            case .lockDatabase:
                return DatabaseLocker(settings: try JSONDecoder().decode(DatabaseLocker.Settings.self, from: data), events: events)
            }
        } catch let error as DecodingError {
            throw FaultError(
                code: "bad-settings", message: "Settings of \(rawValue) are not what they should be: \(String(describing: error).prefix(200))",
                remedy: "Start it through the harness, or with the flags that --help shows.")
        }
    }

    /// Runs as an injector process: settings are read from one inherited descriptor to its end,
    /// commands come and events go over another. Returns when told to end or the other side is gone.
    package func runControlled(settingsDescriptor: Int32, controlDescriptor: Int32) async throws {
        let settings = try Self.readAll(settingsDescriptor)
        let channel = ControlChannel(descriptor: controlDescriptor)
        try await InjectorHost(channel: channel) { try make(settings: settings, events: $0) }.run()
    }

    private static func readAll(_ descriptor: CInt) throws -> [UInt8] {
        /// More is no settings of ours.
        let mostBytes = 1 << 20
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while bytes.count < mostBytes {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw FaultError(
                    code: "bad-settings", message: "Cannot read settings from descriptor \(descriptor): \(String(cString: strerror(errno)))",
                    remedy: "Start it through the harness, or with the flags that --help shows.")
            }
            if count == 0 { break }
            bytes += buffer[0..<count]
        }
        return bytes
    }
}
