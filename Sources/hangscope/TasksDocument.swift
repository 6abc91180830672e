internal import Evidence
internal import Foundation
internal import SwiftRuntimeInspection

/// The JSON of `hangscope tasks`: `{"schemaVersion", "pid", "tasks": Observed<[TaskRecord]>, "actors": Observed<[ActorRecord]>, "pools": [WorkerPool]}`.
///
/// Written piece by piece: a hundred thousand tasks are some 180 MB of text, which need not be in memory at once.
struct TasksDocument {
    var pid: Int32
    var forest: TaskForest

    private static let schemaVersion = "1.0"
    private static let tasksAtOnce = 1000

    func write(to output: FileHandle) throws {
        let encoder = JSONEncoder()
        func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
        func put(_ text: String) throws { try output.write(contentsOf: Data(text.utf8)) }
        try put(#"{"schemaVersion":\#(text(Self.schemaVersion)),"pid":\#(pid),"tasks":{"status":\#(text(forest.tasks.status))"#)
        if let reason = forest.tasks.reason { try put(#","reason":\#(text(reason))"#) }
        if let tasks = forest.tasks.value {
            try put(#","value":["#)
            for start in stride(from: 0, to: tasks.count, by: Self.tasksAtOnce) {
                if start > 0 { try put(",") }
                // An array without its brackets.
                let some = Array(tasks[start..<min(start + Self.tasksAtOnce, tasks.count)])
                try output.write(contentsOf: encoder.encode(some).dropFirst().dropLast())
            }
            try put("]")
        }
        try put(#"},"actors":\#(text(forest.actors)),"pools":\#(text(forest.pools))}"# + "\n")
    }
}

/// A document written earlier, as far as it is compared.
struct EarlierTasks: Decodable {
    var pid: Int32
    var tasks: Observed<[TaskRecord]>

    init(path: String) throws {
        self = try JSONDecoder().decode(EarlierTasks.self, from: Data(contentsOf: URL(filePath: path)))
    }

    /// What changed since; by looks alone when it was another process.
    func comparison(with forest: TaskForest, pid: Int32) -> (comparison: ForestComparison, isSameProcess: Bool) {
        let before = tasks.elements
        let after = forest.tasks.elements
        let addresses = Dictionary(before.map { ($0.id, $0.address) }, uniquingKeysWith: { first, _ in first })
        // Ids begin with 1 in every process; addresses are its own.
        let isSame = pid == self.pid && (before.isEmpty || after.contains { addresses[$0.id] == $0.address })
        return (isSame ? ForestComparison(before: before, after: after) : ForestComparison(working: before, hanging: after), isSame)
    }
}
