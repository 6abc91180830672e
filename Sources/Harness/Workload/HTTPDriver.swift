internal import AsyncHTTPClient
internal import Evidence
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1

/// Sends requests and takes answers of bounded size; what goes wrong is an answer too.
final class HTTPDriver: Sendable {
    enum Answer: Sendable {
        /// Status, and the body where it is JSON (or its text).
        case answer(status: Int, body: JSONValue)
        case timedOut
        case failed(String)
    }
    /// Longest body taken.
    static let maximumBody = 1 << 20

    private let client: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(2)
        // A subject that ends or hangs must not leave the next request waiting for an old connection.
        configuration.connectionPool.idleTimeout = .seconds(1)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// - Parameter limit: real time for the whole exchange.
    func send(_ method: String, _ url: String, body: String?, limit: Duration) async -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        if let body {
            request.headers.add(name: "content-type", value: body.first == "{" || body.first == "[" ? "application/json" : "text/plain")
            request.body = .bytes(Array(body.utf8))
        }
        let milliseconds = max(1, Int64(limit / .milliseconds(1)))
        do {
            let response = try await client.execute(request, timeout: .milliseconds(milliseconds))
            let bytes = try await response.body.collect(upTo: Self.maximumBody)
            let data = Data(bytes.readableBytesView)
            let json = (try? JSONDecoder().decode(JSONValue.self, from: data)) ?? .string(String(decoding: data.prefix(4096), as: UTF8.self))
            return .answer(status: Int(response.status.code), body: json)
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout || error == .readTimeout {
            return .timedOut
        } catch is CancellationError {
            return .failed("cancelled")
        } catch {
            return .failed(String(String(describing: error).prefix(300)))
        }
    }

    func end() async { try? await client.shutdown() }
}
