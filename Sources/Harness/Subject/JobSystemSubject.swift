internal import Evidence
internal import FoundationEssentials
internal import Processes
internal import Scenario
internal import Synchronization

/// The reference job system. Configuration, defects and clock go to it over an inherited
/// descriptor, so that nothing of them shows in its arguments or environment.
final class JobSystemSubject: Subject {
    private struct Settings: Encodable {
        struct Clock: Encodable { var scale: Double }
        var config: [String: String]
        var defects: [String]
        var clock: Clock
    }

    private static let settingsDescriptor: Int32 = 3
    private let executable: String
    private let settings: OwnedDescriptor
    private let folder: String
    private let address = Mutex<String?>(nil)
    let patience = Duration.seconds(20)

    init(executable: String, config: [String: String], defects: [String], timeScale: Double, folder: String) throws {
        let document = Settings(config: config, defects: defects, clock: .init(scale: timeScale))
        let (read, write) = try OwnedDescriptor.pipe()
        let bytes = [UInt8](try JSONEncoder().encode(document))
        try write.writeAll(bytes)
        write.close()
        self.executable = executable
        self.folder = folder
        settings = read
    }

    var baseURL: String? { address.withLock { $0 } }

    func request(output: OwnedDescriptor) throws -> SpawnRequest {
        SpawnRequest(
            executable: executable, arguments: ["--settings-fd", String(Self.settingsDescriptor)],
            workingDirectory: folder, stdout: .descriptor(output.number), stderr: .descriptor(output.number),
            inherited: [Self.settingsDescriptor: settings.number], allowTracing: true)
    }

    func isReady(line: String) -> Bool {
        guard line.contains("server.listening"),
            let record = try? JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8)),
            record["event"]?.string == "server.listening", let port = record["port"]?.text
        else { return false }
        address.withLock { $0 = "http://\(record["address"]?.string ?? "127.0.0.1"):\(port)" }
        return true
    }

    func isReady() async -> Bool { false }
}

extension JobSystemSubject {
    /// The configuration keys that want a service's address, for what the scenario did not say itself:
    /// the first service is the provider's, whatever it is called.
    static func services(for plans: [ServicePlan]) -> [(key: String, service: String)] {
        // A proxy in front of a model server stands for it.
        let hidden = Set(plans.compactMap { plan -> String? in if case .proxy(let upstream) = plan.kind { upstream } else { nil } })
        var addresses: [(String, String)] = []
        for plan in plans where !hidden.contains(plan.name) {
            let provider = provider(of: plan, among: plans)
            for name in provider == "both" ? ["openai", "anthropic"] : [provider] { addresses.append(("llm.\(name).base-url", plan.name)) }
        }
        return addresses
    }

    private static func provider(of plan: ServicePlan, among plans: [ServicePlan]) -> String {
        switch plan.kind {
        case .modelServer(let options): options["provider"] ?? "both"
        case .proxy(let upstream): plans.first { $0.name == upstream }.map { provider(of: $0, among: plans) } ?? "openai"
        }
    }
}
