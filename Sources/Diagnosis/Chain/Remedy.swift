import Evidence
import WaitGraph

/// What to change in the language and library that the waiting process is written in.
enum Remedy {
    /// nil where the catalogue's own says as much.
    static func text(_ cause: Cause, _ standstill: Standstill, _ index: SnapshotIndex) -> String? {
        guard let waiter = standstill.path.last?.from, let pid = UnitSurvey.process(of: waiter), let setting = setting(pid, index) else { return nil }
        switch cause {
        case .peerSilent:
            return "Give every request a read timeout and a deadline of its own, and let the caller fail when they run out: \(setting). A timeout in a retry decorator does nothing for a call that never returns."
        case .peerStalled:
            return "Use a timeout between bytes, not only one for the first byte, and put a deadline around the whole answer whose expiry closes the connection: \(setting)."
        default: return nil
        }
    }

    private static func setting(_ pid: Int32, _ index: SnapshotIndex) -> String? {
        guard let runtimes = index.process(pid)?.runtimes.map({ $0.lowercased() }) else { return nil }
        func runs(_ name: String) -> Bool { runtimes.contains { $0.hasPrefix(name) } }
        if runs("python") { return "`requests.get(..., timeout=(connect, read))`, `urlopen(..., timeout=)`, `asyncio.timeout`, or `settimeout` on a plain socket" }
        if runs("java") { return "`HttpRequest.Builder.timeout`, `URLConnection.setReadTimeout`, or `Socket.setSoTimeout`" }
        if runs("node") { return "`AbortSignal.timeout` for `fetch`, `timeout` in the options of `http.request` with `req.destroy()` when it fires, or `socket.setTimeout`" }
        if runs("swift") {
            return "AsyncHTTPClient `HTTPClient.Configuration.timeout.read` (nil by default in `HTTPClient.Configuration()`) and `execute(_:timeout:)`, `URLRequest.timeoutInterval`, or an `IdleStateHandler` in NIO's pipeline"
        }
        let usesCurl = index.snapshot.modules.elements.contains { $0.pid == pid && $0.path.contains("libcurl") }
        if usesCurl { return "libcurl `CURLOPT_LOW_SPEED_TIME` with `CURLOPT_LOW_SPEED_LIMIT`, and `CURLOPT_TIMEOUT`; of curl itself `--speed-time` and `--max-time`" }
        return nil
    }
}
