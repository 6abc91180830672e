/// Parents and children among found tasks, by index.
struct Kinship {
    let indices: [UInt64: Int]
    let ids: [UInt64]
    /// Nil for a root, and for a child whose parent was not found.
    private(set) var parents: [Int?]
    /// In order of creation, as ids grow.
    private(set) var children: [[Int]]

    init(_ tasks: [RawTask]) {
        var indices: [UInt64: Int] = [:]
        indices.reserveCapacity(tasks.count)
        for (index, task) in tasks.enumerated() { indices[task.address] = index }
        ids = tasks.map(\.id)
        parents = Array(repeating: nil, count: tasks.count)
        children = Array(repeating: [], count: tasks.count)
        for (index, task) in tasks.enumerated() where task.parent != 0 {
            // A parent is older than its child: what says otherwise is torn, or a lie, and could make a cycle.
            guard let parent = indices[task.parent], tasks[parent].id < task.id else { continue }
            parents[index] = parent
            children[parent].append(index)
        }
        for index in children.indices where children[index].count > 1 { children[index].sort { tasks[$0].id < tasks[$1].id } }
        self.indices = indices
    }

    /// Id of the task at an address.
    func id(at address: UInt64) -> UInt64? { indices[address].map { ids[$0] } }
}
