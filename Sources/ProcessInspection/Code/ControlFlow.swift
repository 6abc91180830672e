/// Where control may go within a function: for each instruction, by number, those that may run next.
package struct ControlFlow {
    package var successors: [[Int]]

    package init(successors: [[Int]]) { self.successors = successors }

    /// The instructions that can run between going on behind `first` and coming round to it.
    package func cycle(through first: Int) -> Set<Int> {
        guard successors.indices.contains(first) else { return [] }
        let after = Self.reached(successors[first], successors)
        return after.contains(first) ? after.intersection(Self.reached([first], predecessors)) : []
    }

    /// For each instruction, by number, those that may have run before it.
    var predecessors: [[Int]] {
        var found = Array(repeating: [Int](), count: successors.count)
        for (row, next) in successors.enumerated() { for other in next where found.indices.contains(other) { found[other].append(row) } }
        return found
    }

    /// All that can run from one of `first` on, those included.
    package func reached(from first: [Int]) -> Set<Int> { Self.reached(first, successors) }

    private static func reached(_ first: [Int], _ next: [[Int]]) -> Set<Int> {
        var seen = Set(first.filter { next.indices.contains($0) })
        var queue = Array(seen)
        while let row = queue.popLast() { for other in next[row] where next.indices.contains(other) && seen.insert(other).inserted { queue.append(other) } }
        return seen
    }

    /// The loops around `row`, from the innermost to the outermost: what can run between leaving it and coming round to it.
    package func loops(around row: Int) -> [Set<Int>] {
        guard successors.count <= Self.maximumLength else { return [] }
        var inner = self
        var found: [Set<Int>] = []
        while case let loop = inner.cycle(through: row), !loop.isEmpty, found.count < Self.maximumDepth {
            found.append(loop)
            var heads = entries(of: loop)
            // Only an exception leads in, which is not followed.
            if heads.isEmpty, let first = loop.min() { heads = [first] }
            for other in loop { inner.successors[other].removeAll { heads.contains($0) } }
        }
        return found.reversed()
    }

    private static let maximumDepth = 16
    private static let maximumLength = 50_000

    /// Where a loop is entered: from code that is come to, and not from what only fills the gap before it.
    private func entries(of loop: Set<Int>) -> Set<Int> {
        var found: Set<Int> = loop.contains(0) ? [0] : []
        let live = reached(from: [0])
        for (row, next) in successors.enumerated() where !loop.contains(row) && live.contains(row) { found.formUnion(next.filter { loop.contains($0) }) }
        return found
    }

    /// Whether whoever enters a loop can come to `row` without passing any of `others`; nil where no way is seen that leads into it.
    package func comesFirst(to row: Int, in loop: Set<Int>, before others: Set<Int>) -> Bool? {
        let entries = entries(of: loop)
        guard !entries.isEmpty else { return nil }
        var open = self
        for other in successors.indices where !loop.contains(other) || others.contains(other) && other != row { open.successors[other] = [] }
        return open.reached(from: Array(entries.subtracting(others.subtracting([row])))).contains(row)
    }
}
