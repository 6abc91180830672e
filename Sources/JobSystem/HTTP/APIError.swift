internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// An error answer: a status and `{"error": {"code", "message", "remedy"}}`.
struct APIError: HTTPResponseError, CustomStringConvertible {
    var status: HTTPResponse.Status
    var code: String
    var message: String
    var remedy: String

    private struct Body: Encodable {
        struct Content: Encodable { var code, message, remedy: String }
        var error: Content
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        try .json(Body(error: .init(code: code, message: message, remedy: remedy)), status: status)
    }

    var description: String { message }

    static func notFound(_ what: String) -> APIError {
        APIError(status: .notFound, code: "not-found", message: "there is no \(what)", remedy: "check the id or the path")
    }

    static func badRequest(_ message: String, remedy: String) -> APIError {
        APIError(status: .badRequest, code: "bad-request", message: message, remedy: remedy)
    }

    static func notReady(_ status: JobStatus) -> APIError {
        APIError(
            status: .conflict, code: "no-result", message: "the job is \(status.rawValue) and has no result",
            remedy: status.isFinal ? "see its status for the error" : "ask again when its status is COMPLETED")
    }

    static let stopping = APIError(
        status: .serviceUnavailable, code: "stopping", message: "the server is stopping", remedy: "try another server")

    static func queueFull(_ queued: Int) -> APIError {
        APIError(
            status: .serviceUnavailable, code: "queue-full", message: "\(queued) jobs are waiting already",
            remedy: "try again later, or raise jobs.max-queued")
    }

    static func store(_ error: any Error) -> APIError {
        APIError(
            status: .serviceUnavailable, code: errorType(error), message: "\(error)",
            remedy: "try again when the database is free")
    }
}

extension Response {
    /// A JSON answer.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(value))
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
