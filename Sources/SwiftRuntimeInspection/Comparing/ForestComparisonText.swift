package import Evidence

/// What changed between two forests, as text for people: the largest differences first.
package enum ForestComparisonText {
    /// Two moments of one process: `12 tasks did not move, 3 moved, 2 are new, 1 is gone`.
    package static func summary(_ comparison: ForestComparison) -> String {
        let counts = [
            words(comparison.unmoved.count, "task did not move", "tasks did not move"), "\(comparison.moved.count) moved",
            words(comparison.new.count, "is new", "are new"), words(comparison.gone.count, "is gone", "are gone"),
        ]
        return counts.joined(separator: ", ")
    }

    /// Which tasks moved, are new and are gone, by name, and the oldest that did not move; `gone: task 33 "progress simulation"`.
    package static func who(_ comparison: ForestComparison, before: [TaskRecord], after: [TaskRecord]) -> [String] {
        let earlier = Dictionary(before.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let later = Dictionary(after.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        func list(_ word: String, _ ids: [UInt64], _ text: (UInt64) -> String?) -> [String] {
            // Those with names say most.
            let isNamed = { (id: UInt64) in (later[id] ?? earlier[id])?.name != nil }
            let sorted = ids.filter(isNamed) + ids.filter { !isNamed($0) }
            let shown = sorted.prefix(maximumNamed).compactMap(text)
            return shown.isEmpty ? [] : shown.map { "\(word): \($0)" } + (sorted.count > shown.count ? ["\(word): \(sorted.count - shown.count) more"] : [])
        }
        func line(_ task: TaskRecord?) -> String? {
            task.map { task in "\(TaskWords.title(task, count: 1))  \(TaskWords.state(task, count: 1))" + (TaskWords.place(task).map { "  at \($0)" } ?? "") }
        }
        return list("moved", comparison.moved) { id in
            guard let old = earlier[id], let new = later[id] else { return nil }
            return "\(TaskWords.title(new, count: 1))  \(TaskWords.state(old, count: 1)) -> \(TaskWords.state(new, count: 1))"
                + (TaskWords.place(new).map { "  at \($0)" } ?? "")
        } + list("new", comparison.new) { line(later[$0]) } + list("gone", comparison.gone) { line(earlier[$0]) }
    }

    private static let maximumNamed = 6

    /// One line for each look whose numbers differ, such as `2 -> 0  group children  wait for 3 group children  at f() (F.swift:7)`.
    package static func lines(
        _ comparison: ForestComparison, before: [TaskRecord], after: [TaskRecord], maximumLines: Int = 40
    ) -> [String] {
        var examples: [ForestComparison.Look: TaskRecord] = [:]
        for task in after + before { if examples[ForestComparison.Look(task)] == nil { examples[ForestComparison.Look(task)] = task } }
        var lines = comparison.differences.prefix(maximumLines).map { difference in
            let numbers = "\(difference.before) -> \(difference.after)"
            guard let task = examples[difference.look] else { return numbers }
            // Two at least: a title for many, without the id of one.
            let many = max(2, difference.before, difference.after)
            let title = TaskWords.title(task, count: many).drop { $0.isNumber }.drop { $0 == " " }
            let place = TaskWords.place(task).map { "  at \($0)" } ?? ""
            return "\(numbers)  \(title)  \(TaskWords.state(task, count: many))\(place)"
        }
        let rest = comparison.differences.count - lines.count
        if rest > 0 { lines.append("... and \(rest) more kinds of task whose numbers differ") }
        return lines
    }

    private static func words(_ count: Int, _ one: String, _ many: String) -> String { "\(count) \(count == 1 ? one : many)" }
}
