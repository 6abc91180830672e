internal import Evidence
internal import Foundation
internal import SwiftRuntimeInspection

/// The JSON of `hangscope tasks`: `{"schemaVersion", "pid", "tasks": Observed<[TaskRecord]>, "actors": Observed<[ActorRecord]>}`.
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
        try put(#"},"actors":\#(text(forest.actors))}"# + "\n")
    }
}
