internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Turns whatever a handler throws into a JSON answer, and logs what was not the client's fault.
struct ErrorMiddleware<Context: RequestContext>: RouterMiddleware {
    var observability: Observability

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let answer = Self.answer(to: error, path: request.uri.path)
            if answer.status.code >= 500 {
                observability.logger.error(
                    "a request failed", error: error,
                    metadata: [
                        "error.type": "\(errorType(error))", "http.method": "\(request.method)",
                        "http.path": "\(request.uri.path)", "http.status": .stringConvertible(answer.status.code),
                    ])
            }
            return try answer.response(from: request, context: context)
        }
    }

    private static func answer(to error: any Error, path: String) -> APIError {
        switch error {
        case let error as APIError: error
        case let error as StoreError: .store(error)
        case let error as HTTPError where error.status == .notFound: .notFound(path)
        case let error as HTTPError:
            APIError(
                status: error.status, code: "refused", message: error.body ?? error.status.reasonPhrase,
                remedy: "see the list of endpoints in jobd --describe")
        default:
            APIError(
                status: .internalServerError, code: "internal", message: "the server failed: \(error)",
                remedy: "see the server's log")
        }
    }
}
