internal import Dispatch
internal import Synchronization

extension Array where Element: Sendable {
    /// So many are taken at once.
    private static var turn: Int { 16 }

    /// As `map`; of many elements another thread of ours does its share.
    func mapByTwo<Result: Sendable>(_ body: @Sendable (Element) -> Result) -> [Result] {
        mapByTwo(with: {}) { _, element in body(element) }
    }

    /// - Parameter tool: makes what `body` needs and only one thread may use.
    func mapByTwo<Tool, Result: Sendable>(with tool: @Sendable () -> Tool, _ body: @Sendable (Tool, Element) -> Result) -> [Result] {
        guard count > 4 * Self.turn else {
            let tool = tool()
            return map { body(tool, $0) }
        }
        let next = Atomic(0)
        let results = Mutex<[Int: [Result]]>([:])
        DispatchQueue.concurrentPerform(iterations: 2) { _ in
            let tool = tool()
            while true {
                let start = next.add(Self.turn, ordering: .relaxed).oldValue
                guard start < count else { return }
                let some = self[start..<Swift.min(start + Self.turn, count)].map { body(tool, $0) }
                results.withLock { $0[start] = some }
            }
        }
        return results.withLock { results in stride(from: 0, to: count, by: Self.turn).flatMap { results[$0] ?? [] } }
    }
}
