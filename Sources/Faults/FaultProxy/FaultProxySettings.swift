/// Where a proxy listens and where it leads.
package struct FaultProxySettings: Codable, Sendable, Hashable {
    package var host: String
    /// 0 takes a free port.
    package var port: Int
    package var upstreamHost: String
    package var upstreamPort: Int
    /// Seeds what is random (jitter).
    package var seed: UInt64
    /// Scenario seconds in one real second.
    package var timeScale: Double

    package init(
        host: String = "127.0.0.1", port: Int = 0, upstreamHost: String = "127.0.0.1", upstreamPort: Int, seed: UInt64 = 1,
        timeScale: Double = 1
    ) {
        self.host = host
        self.port = port
        self.upstreamHost = upstreamHost
        self.upstreamPort = upstreamPort
        self.seed = seed
        self.timeScale = timeScale
    }
}
