package import Evidence

/// Tasks as a forest in which siblings that stand at the same place are one node.
///
/// Pure: it takes records from anywhere. Bounded in size by the records, and in depth when built, since
/// a parent is always older than its child: what says otherwise is shown as a root.
package struct TaskTree: Sendable {
    package struct Node: Sendable {
        /// Alike in kind, state, wait, place and children; oldest first.
        package var tasks: [Int]
        package var children: [Node]
        package var first: Int { tasks[0] }
    }
    package let records: [TaskRecord]
    /// Largest groups first, then oldest.
    package let roots: [Node]

    /// What makes two siblings look the same.
    private struct Key: Hashable {
        var kind: TaskRecord.Kind
        var state: TaskRecord.State
        var isCancelled: Bool
        var name: String?
        var waitKind: TaskWait.Kind?
        var waitTarget: UInt64?
        var place: [UInt64]
        /// Looks of the children, sorted.
        var children: [Int]
    }

    package init(_ records: [TaskRecord]) {
        self.records = records
        let parents = Self.shownParents(records)
        var children: [[Int]] = Array(repeating: [], count: records.count)
        var roots: [Int] = []
        for index in records.indices {
            if let parent = parents[index] { children[parent].append(index) } else { roots.append(index) }
        }
        var looks = Array(repeating: 0, count: records.count)
        var numbers: [Key: Int] = [:]
        for index in Self.childrenFirst(roots, children) {
            let key = Self.key(records[index], children[index].map { looks[$0] }.sorted())
            let look = numbers[key] ?? numbers.count
            numbers[key] = look
            looks[index] = look
        }
        self.roots = Self.grouped(roots, looks: looks, children: children, records: records, depth: 0)
    }

    /// Under whom each task is shown: its parent; else the only task that awaits its value; nil for a root.
    private static func shownParents(_ records: [TaskRecord]) -> [Int?] {
        var indices: [UInt64: Int] = [:]
        for (index, record) in records.enumerated() { indices[record.id] = index }
        var parents: [Int?] = records.map { record in
            // A parent is older than its child: what says otherwise could make a cycle.
            record.parent.flatMap { $0 < record.id ? indices[$0] : nil }
        }
        var waiters: [Int: [Int]] = [:]
        for (index, record) in records.enumerated() where record.wait?.kind == .task {
            if let target = record.wait?.task.flatMap({ indices[$0] }), target != index { waiters[target, default: []].append(index) }
        }
        for (target, all) in waiters.sorted(by: { $0.key < $1.key }) where all.count == 1 && parents[target] == nil {
            // Not under itself: two tasks may await each other.
            var above: Int? = all[0]
            var hops = 0
            while let here = above, here != target, hops < maximumDepth {
                above = parents[here]
                hops += 1
            }
            if above == nil { parents[target] = all[0] }
        }
        return parents
    }

    private static func childrenFirst(_ roots: [Int], _ children: [[Int]]) -> [Int] {
        var order: [Int] = []
        var stack = roots
        while let next = stack.popLast() {
            order.append(next)
            stack += children[next]
        }
        return order.reversed()
    }

    /// Deepest level that is shown; deeper children are left out.
    private static let maximumDepth = 200

    private static func grouped(
        _ siblings: [Int], looks: [Int], children: [[Int]], records: [TaskRecord], depth: Int
    ) -> [Node] {
        guard depth < maximumDepth else { return [] }
        var groups: [Int: [Int]] = [:]
        for index in siblings { groups[looks[index], default: []].append(index) }
        return groups.values
            .map { members -> Node in
                let members = members.sorted { records[$0].id < records[$1].id }
                // Groups that look alike have children that look alike: all of them together under one node.
                let below = members.count == 1 ? children[members[0]] : members.flatMap { children[$0] }
                return Node(
                    tasks: members,
                    children: grouped(below, looks: looks, children: children, records: records, depth: depth + 1))
            }
            .sorted { left, right in
                left.tasks.count != right.tasks.count
                    ? left.tasks.count > right.tasks.count : records[left.first].id < records[right.first].id
            }
    }

    private static func key(_ record: TaskRecord, _ children: [Int]) -> Key {
        let target: UInt64? =
            switch record.wait?.kind {
            case .actor, .executor, .task: record.wait?.address
            default: nil
            }
        return Key(
            kind: record.kind, state: record.state, isCancelled: record.isCancelled, name: record.name.map(pattern),
            waitKind: record.wait?.kind, waitTarget: target, place: record.backtrace.elements.map(\.programCounter),
            children: children)
    }

    /// `fetch-page-12` as `fetch-page-*`: numbered tasks belong together.
    package static func pattern(_ name: String) -> String {
        var result = ""
        var inNumber = false
        for character in name.prefix(200) {
            if character.isASCII, character.isNumber {
                if !inNumber { result.append("*") }
                inNumber = true
            } else {
                result.append(character)
                inNumber = false
            }
        }
        return result
    }
}
