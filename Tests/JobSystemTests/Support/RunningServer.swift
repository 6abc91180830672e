import AsyncHTTPClient
import Foundation
import JobSystem
import NIOCore
import NIOHTTP1
import Synchronization

/// One line of the server's output.
typealias Line = [String: any Sendable]

/// A job server in this process, with everything it said.
final class RunningServer: Sendable {
    /// Each line is parsed once, as it comes.
    private final class Lines: Sendable {
        private struct Content {
            var raw: [String] = []
            var parsed: [Line] = []
            var wrong: String?
        }

        private let content = Mutex(Content())

        func add(_ line: String) {
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable]
            content.withLock { content in
                content.raw.append(line)
                if let object { content.parsed.append(object) } else { content.wrong = line }
            }
        }

        var raw: [String] { content.withLock { $0.raw } }

        var parsed: [Line] {
            get throws {
                try content.withLock { content in
                    if let wrong = content.wrong { throw NeverHappened(description: "not a JSON object: \(wrong)") }
                    return content.parsed
                }
            }
        }
    }

    let folder: TemporaryFolder
    let port: Int
    private let lines: Lines
    private let clock: ScaledClock
    private let task: Task<Void, any Error>

    var database: String { folder.path + "/jobs.sqlite" }

    /// Runs `body` with a server, which has ended when this returns.
    static func with(
        _ llm: StubLLM? = nil, defects: Defects = [], scale: Double = 300, config: [String: Any] = [:],
        folder: TemporaryFolder? = nil, _ body: (RunningServer) async throws -> Void
    ) async throws {
        let server = try await RunningServer(
            llm, defects: defects, scale: scale, config: config, folder: folder ?? TemporaryFolder())
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        await llm?.stop()
    }

    private init(
        _ llm: StubLLM?, defects: Defects, scale: Double, config: [String: Any], folder: TemporaryFolder
    ) async throws {
        // A loaded machine must not make a connection look refused at such a scale.
        var config = ["port": 0, "llm.connect-timeout": "1h"].merging(config) { $1 }
        config["database"] = folder.path + "/jobs.sqlite"
        if let llm, config["llm.openai.base-url"] == nil { config["llm.openai.base-url"] = llm.baseURL }
        let document: [String: Any] = [
            "config": config, "defects": defects.map(\.rawValue), "clock": ["scale": scale],
        ]
        let settings = try Settings(json: Array(JSONSerialization.data(withJSONObject: document)))
        let lines = Lines()
        let server = try JobServer(settings: settings, output: LineOutput { lines.add($0) })
        self.clock = ScaledClock(scale: scale)
        self.lines = lines
        self.folder = folder
        let task = Task { try await server.run() }
        self.task = task
        self.port = try await eventually("server.listening") {
            try lines.parsed.first { $0["event"] as? String == "server.listening" }?["port"] as? Int
        }
    }

    private func stop() async {
        task.cancel()
        _ = await task.result
    }

    // MARK: What it said

    var rawLines: [String] { lines.raw }

    func allLines() throws -> [Line] { try lines.parsed }

    /// Waits until the server's clock is so much further, for what must not have happened by then.
    func letPass(_ time: Duration) async throws {
        let until = clock.now.advanced(by: time)
        _ = try await eventually("the clock's advance") { clock.now > until ? true : nil }
    }

    /// The touches of `updated_at` so far.
    func touches() throws -> Int { try events("job.progress").count { $0["touch"] as? Bool == true } }

    func events(_ name: String) throws -> [Line] {
        try allLines().filter { $0["event"] as? String == name }
    }

    func waitForEvent(_ name: String, count: Int = 1) async throws -> Line {
        try await eventually("event \(name) \(count)") {
            let events = try events(name)
            return events.count >= count ? events[count - 1] : nil
        }
    }

    // MARK: HTTP

    func send(_ method: String, _ path: String, _ body: String? = nil, headers: [(String, String)] = []) async throws
        -> (status: Int, json: [String: any Sendable], headers: HTTPHeaders)
    {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 1 << 20)
        let json = try JSONSerialization.jsonObject(with: Data(bytes.readableBytesView)) as? [String: any Sendable]
        return (Int(response.status.code), json ?? [:], response.headers)
    }

    @discardableResult
    func submit(chunks: Int = 1, model: String? = nil) async throws -> String {
        let script = (1...chunks).map { "part \($0)" }.joined(separator: "\\n\\n")
        let model = model.map { ", \"model\": \"\($0)\"" } ?? ""
        let answer = try await send("POST", "/generate-async", "{\"script\": \"\(script)\"\(model)}")
        guard answer.status == 202, let id = answer.json["id"] as? String else {
            throw NeverHappened(description: "not accepted: \(answer)")
        }
        return id
    }

    func status(_ id: String) async throws -> [String: any Sendable] {
        try await send("GET", "/jobs/\(id)/status").json
    }

    /// Waits until the job has one of the final states, and gives its status.
    func waitForEnd(_ id: String) async throws -> [String: any Sendable] {
        try await eventually("the end of job \(id)") {
            let status = try await status(id)
            return ["COMPLETED", "FAILED"].contains(status["status"] as? String ?? "") ? status : nil
        }
    }
}
