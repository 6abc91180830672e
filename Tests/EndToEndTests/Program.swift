import Evidence
import Foundation
import Processes

/// The built program, run as people run it, in a folder of its own and marked by a token that
/// everything it starts inherits.
final class Program: Sendable {
    static let build = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    static let hangscope = build.appending(path: "hangscope").path
    /// The repository: tests run in it.
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    let token = UUID().uuidString
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(token)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private var environment: [String: String] {
        var environment = SpawnRequest.currentEnvironment
        environment["HANGSCOPE_TEST_TOKEN"] = token
        return environment
    }

    func run(_ arguments: [String], of executable: String = "hangscope", deadline: Duration = .seconds(120)) async throws -> HelperProcess.Result {
        try await HelperProcess.run(
            Self.build.appending(path: executable).path, arguments, environment: environment, workingDirectory: folder.path, deadline: deadline, maximumOutput: 8 << 20)
    }

    func start(_ arguments: [String], stdin: SpawnRequest.Stream = .null) async throws -> ChildProcess {
        try await DirectSpawner().spawn(
            SpawnRequest(
                executable: Self.hangscope, arguments: arguments, environment: environment, workingDirectory: folder.path,
                stdin: stdin, stdout: .file(folder.appending(path: "out.txt").path), stderr: .file(folder.appending(path: "err.txt").path)))
    }

    /// Writes a scenario; its body goes below the usual head.
    func scenario(_ body: String, name: String = "test") throws -> String {
        let path = folder.appending(path: "\(name).yaml").path
        try Data("schema: 1\nname: \(name)\ntitle: Test\n\(body)".utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A shipped scenario, edited, with what it refers to.
    func shipped(_ name: String, edit: (String) -> String = { $0 }) throws -> String {
        let scenarios = Self.repository.appending(path: "scenarios")
        let text = try String(contentsOf: scenarios.appending(path: "\(name).yaml"), encoding: .utf8)
        let scripts = folder.appending(path: "scripts")
        if !FileManager.default.fileExists(atPath: scripts.path) {
            try FileManager.default.copyItem(at: scenarios.appending(path: "scripts"), to: scripts)
        }
        let path = folder.appending(path: "\(name).yaml").path
        try Data(edit(text).utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Living processes that have the token in their environment.
    func marked() -> [ProcessIdentity] {
        let mark = Array("HANGSCOPE_TEST_TOKEN=\(token)".utf8)
        return ProcessTree.current().processes.values.filter { stat in
            guard stat.state != "Z", let data = FileManager.default.contents(atPath: "/proc/\(stat.pid)/environ") else { return false }
            return data.firstRange(of: mark) != nil
        }.map { ProcessIdentity(pid: $0.pid, startTicks: $0.startTicks) }
    }

    func json(_ path: String) throws -> JSONValue {
        let data = try Data(contentsOf: folder.appending(path: path))
        return try EvidenceCoding.decode(JSONValue.self, from: data, name: path)
    }
}

/// Waits until a condition holds; false when it does not within thirty seconds.
func eventually(_ condition: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}
