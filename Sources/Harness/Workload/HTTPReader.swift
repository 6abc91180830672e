internal import AsyncHTTPClient
internal import Evidence
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1

/// The client that drives a subject: plain HTTP, every call with a limit.
final class HTTPReader: Sendable {
    struct Answer: Sendable {
        var status: Int?
        var body: JSONValue?
        /// Why there is no answer.
        var error: String?
    }

    /// More of an answer than this is not read.
    private static let bodyLimit_bytes = 1 << 20
    private let client: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(5), read: nil)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func get(_ path: String, base: String?, within: Duration) async -> Answer {
        await send("GET", path, base: base, body: nil, within: within)
    }

    func send(_ method: String, _ path: String, base: String?, body: String?, within: Duration) async -> Answer {
        let url = path.hasPrefix("http://") ? path : (base ?? "") + path
        guard url.hasPrefix("http://") else { return Answer(error: "no address for \(path)") }
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        do {
            let components = within.components
            let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
            let response = try await client.execute(request, timeout: .nanoseconds(max(nanoseconds, 1_000_000)))
            let buffer = try await response.body.collect(upTo: Self.bodyLimit_bytes)
            let data = Data(buffer.readableBytesView)
            return Answer(status: Int(response.status.code), body: try? JSONDecoder().decode(JSONValue.self, from: data))
        } catch {
            return Answer(error: String(describing: error))
        }
    }

    func close() async { try? await client.shutdown() }
}
