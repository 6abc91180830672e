internal import Dispatch
internal import Synchronization

extension Array where Element: Sendable {
    /// As `map`; of many elements half is done by another thread of ours.
    func mapInHalves<Result: Sendable>(_ body: @Sendable (Element) -> Result) -> [Result] {
        guard count > 64 else { return map(body) }
        let halves = Mutex<[Int: [Result]]>([:])
        DispatchQueue.concurrentPerform(iterations: 2) { half in
            let results = (half == 0 ? self[..<(count / 2)] : self[(count / 2)...]).map(body)
            halves.withLock { $0[half] = results }
        }
        return halves.withLock { ($0[0] ?? []) + ($0[1] ?? []) }
    }
}
