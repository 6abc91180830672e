/// A condition did not come true in time.
struct NeverHappened: Error, CustomStringConvertible {
    var description: String
}

/// Asks until there is a value; throws after `limit` of real time, which is generous and no measure.
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60), _ value: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while ContinuousClock.now < deadline {
        if let value = try await value() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw NeverHappened(description: "never happened: \(what)")
}
