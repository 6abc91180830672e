internal import HTTPTypes
internal import Hummingbird
internal import ServiceContextModule

/// Gives every request a correlation id: the client's own, if it is sound, or a new one.
struct CorrelationMiddleware<Context: RequestContext>: RouterMiddleware {
    private static var header: HTTPField.Name { HTTPField.Name("X-Correlation-ID")! }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let id = Self.sound(request.headers[Self.header]) ?? SpanIdentity.hex(words: 1)
        var service = ServiceContext.current ?? .topLevel
        service.correlationID = id
        var response = try await ServiceContext.$current.withValue(service) { try await next(request, context) }
        response.headers[Self.header] = id
        return response
    }

    /// What a client sends ends up in logs: short, and of harmless characters.
    private static func sound(_ id: String?) -> String? {
        guard let id, (1...64).contains(id.utf8.count) else { return nil }
        return id.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
        } ? id : nil
    }
}
