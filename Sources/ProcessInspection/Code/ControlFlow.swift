/// Where control may go within a function: for each instruction, by number, those that may run next.
package struct ControlFlow {
    package var successors: [[Int]]

    package init(successors: [[Int]]) { self.successors = successors }

    /// The instructions that can run between going on behind `first` and coming round to it.
    package func cycle(through first: Int) -> Set<Int> {
        guard successors.indices.contains(first) else { return [] }
        var predecessors = Array(repeating: [Int](), count: successors.count)
        for (row, next) in successors.enumerated() { for other in next where predecessors.indices.contains(other) { predecessors[other].append(row) } }
        let after = Self.reached(successors[first], successors)
        return after.contains(first) ? after.intersection(Self.reached([first], predecessors)) : []
    }

    /// All that can run from one of `first` on, those included.
    package func reached(from first: [Int]) -> Set<Int> { Self.reached(first, successors) }

    private static func reached(_ first: [Int], _ next: [[Int]]) -> Set<Int> {
        var seen = Set(first.filter { next.indices.contains($0) })
        var queue = Array(seen)
        while let row = queue.popLast() { for other in next[row] where next.indices.contains(other) && seen.insert(other).inserted { queue.append(other) } }
        return seen
    }
}
