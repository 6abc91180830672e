internal import FoundationEssentials

/// Host and port of an `http` or `https` base URL.
struct EndpointAddress: Sendable, Equatable {
    var scheme: String
    var host: String
    var port: Int
    /// The URL without a trailing slash.
    var baseURL: String

    init?(baseURL text: String) {
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let url = URL(string: trimmed), let scheme = url.scheme, scheme == "http" || scheme == "https",
            let host = url.host(), !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = url.port ?? (scheme == "https" ? 443 : 80)
        self.baseURL = trimmed
    }

    /// `host:port`, as it appears in events.
    var text: String { "\(host):\(port)" }
}
