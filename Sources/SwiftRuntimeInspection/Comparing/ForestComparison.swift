package import Evidence

/// Two task forests side by side: of one process at two moments, or of a working and a hanging run.
package struct ForestComparison: Sendable {
    /// What makes tasks of different processes comparable: where they stand and what for, not their numbers.
    package struct Look: Sendable, Hashable {
        package var name: String?
        package var kind: TaskRecord.Kind
        package var state: TaskRecord.State
        package var wait: TaskWait.Kind?
        /// Innermost frame of the program's own, as people read it.
        package var place: String?

        package init(_ task: TaskRecord) {
            name = task.name.map(TaskTree.pattern)
            kind = task.kind
            state = task.state
            wait = task.wait?.kind
            place = TaskWords.place(task)
        }
    }
    /// How many tasks of a look there are in each forest.
    package struct Difference: Sendable, Hashable {
        package var look: Look
        package var before: Int
        package var after: Int
    }
    /// Ids of tasks in both that stand at the same place and wait for the same; only within one process.
    package var unmoved: [UInt64] = []
    /// In both, elsewhere.
    package var moved: [UInt64] = []
    package var new: [UInt64] = []
    package var gone: [UInt64] = []
    /// Looks whose numbers differ, the largest differences first.
    package var differences: [Difference] = []

    /// Two moments of one process, in which ids mean the same task.
    ///
    /// Timers of `Task.sleep` come and go with every sleep: they are left out.
    package init(before: [TaskRecord], after: [TaskRecord]) {
        let before = before.filter { !TaskTreeText.isSleepHelper($0) }
        let after = after.filter { !TaskTreeText.isSleepHelper($0) }
        differences = Self.differences(before, after)
        let earlier = Dictionary(before.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let later = Set(after.map(\.id))
        for task in after {
            guard let old = earlier[task.id] else {
                new.append(task.id)
                continue
            }
            if Self.stands(old, task) { unmoved.append(task.id) } else { moved.append(task.id) }
        }
        gone = before.map(\.id).filter { !later.contains($0) }
    }

    /// Two runs: only looks can be compared.
    package init(working: [TaskRecord], hanging: [TaskRecord]) {
        differences = Self.differences(working.filter { !TaskTreeText.isSleepHelper($0) }, hanging.filter { !TaskTreeText.isSleepHelper($0) })
    }

    /// Whether a task is where it was: same state, same wait, same frames.
    package static func stands(_ before: TaskRecord, _ after: TaskRecord) -> Bool {
        before.state == after.state && before.state != .running && before.wait?.kind == after.wait?.kind
            && before.wait?.address == after.wait?.address
            && before.backtrace.elements.map(\.programCounter) == after.backtrace.elements.map(\.programCounter)
    }

    private static func differences(_ before: [TaskRecord], _ after: [TaskRecord]) -> [Difference] {
        var counts: [Look: (before: Int, after: Int)] = [:]
        for task in before { counts[Look(task), default: (0, 0)].before += 1 }
        for task in after { counts[Look(task), default: (0, 0)].after += 1 }
        return counts.filter { $0.value.before != $0.value.after }
            .map { Difference(look: $0.key, before: $0.value.before, after: $0.value.after) }
            .sorted { left, right in
                let (a, b) = (abs(left.after - left.before), abs(right.after - right.before))
                return a != b ? a > b : (left.look.place ?? "") < (right.look.place ?? "")
            }
    }
}
