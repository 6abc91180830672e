internal import Evidence
internal import Monitoring

/// A JSON answer of the subject, or one value in it.
struct HTTPProbe: Probe {
    let name: String
    var url: @Sendable () -> String
    var pointer: String?
    var http: HTTPDriver

    func read() async -> ProbeReading {
        switch await http.send("GET", url(), body: nil, limit: .seconds(2)) {
        case .answer(let status, let body):
            if let pointer {
                return JSONPath.value(at: pointer, in: body).map(ProbeReading.value) ?? .failed("status \(status), and nothing at \(pointer)")
            }
            return .value(.object(WorkloadDriver.members(status, body)))
        case .timedOut: return .failed("no answer in time")
        case .failed(let reason): return .failed(reason)
        }
    }
}
