import Evidence
import SwiftRuntimeInspection

/// A forest with its tasks by role, and how it differs from what the program says of itself.
struct View {
    let forest: TaskForest
    let roles: [String: TaskRecord]
    /// Roles whose tasks were not found.
    let missing: [String]
    /// Tasks that have no role.
    let invented: [TaskRecord]
    /// Roles whose parent is another than the role says: `main/child2` is a child of `main`.
    let misplaced: [String]

    init(_ forest: TaskForest, program: StandingProgram) {
        self.forest = forest
        let byAddress = Dictionary(forest.tasks.elements.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
        let roles = program.tasks.compactMapValues { byAddress[$0] }
        self.roles = roles
        missing = program.tasks.keys.filter { roles[$0] == nil }.sorted()
        let known = Set(program.tasks.values)
        invented = forest.tasks.elements.filter { !known.contains($0.address) }
        misplaced = roles.filter { role, task in
            let parent = role.lastIndex(of: "/").map { String(role[..<$0]) }
            return task.parent != parent.flatMap { roles[$0]?.id }
        }.keys.sorted()
    }

    var tasks: [TaskRecord] { forest.tasks.elements }
    func wait(_ role: String) -> TaskWait.Kind? { roles[role]?.wait?.kind }
    var mistakes: String { "missing \(missing), misplaced \(misplaced), invented \(invented.map(\.id))" }

    /// Every task with a role is found and has come to its wait.
    var isSettled: Bool { missing.isEmpty && roles.allSatisfy { $0.key == "churner" || $0.value.state == .suspended } }

    /// No id twice; children and parents name each other.
    var isConsistent: Bool {
        let byID = Dictionary(tasks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return byID.count == tasks.count
            && tasks.allSatisfy { task in
                task.children.allSatisfy { byID[$0]?.parent == task.id }
                    && (task.parent.map { $0 < task.id && byID[$0]?.children.contains(task.id) == true } ?? true)
            }
    }
}

extension RuntimeLayout {
    /// The newest that is known, which the tests are built with.
    static var ofThisToolchain: RuntimeLayout { known.values.max { $0.name < $1.name }! }
}
