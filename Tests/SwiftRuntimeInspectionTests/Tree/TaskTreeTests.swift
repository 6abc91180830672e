import Evidence
import SwiftRuntimeInspection
import Testing

@Suite struct TaskTreeTests {
    private func task(
        _ id: UInt64, parent: UInt64? = nil, at place: UInt64 = 1, wait: TaskWait.Kind? = .continuation, name: String? = nil
    ) -> TaskRecord {
        var record = TaskRecord(pid: 1, id: id, address: id * 16, kind: parent == nil ? .unstructured : .groupChild, state: .suspended)
        record.parent = parent
        record.name = name
        record.wait = wait.map { TaskWait(kind: $0) }
        record.backtrace = .complete([Frame(programCounter: place, function: "work()", file: "/src/Work.swift", line: 7)])
        return record
    }

    @Test func siblingsAtTheSamePlaceShareALine() {
        let tree = TaskTree([task(1, wait: .group)] + (2...20).map { task($0, parent: 1) } + [task(30, parent: 1, at: 2)])
        #expect(tree.roots.count == 1)
        #expect(tree.roots[0].children.map(\.tasks.count) == [19, 1])
    }

    @Test func familiesThatLookAlikeShareTheirLines() {
        let families = (0..<5).flatMap { family -> [TaskRecord] in
            let parent = UInt64(family * 10 + 1)
            return [task(parent, wait: .group), task(parent + 1, parent: parent), task(parent + 2, parent: parent)]
        }
        let tree = TaskTree(families)
        #expect(tree.roots.map(\.tasks.count) == [5])
        #expect(tree.roots[0].children.map(\.tasks.count) == [10])
    }

    @Test func largestGroupFirstThenOldest() {
        let tree = TaskTree([task(1, at: 9), task(2, at: 8), task(3, at: 7), task(4, at: 7)])
        #expect(tree.roots.map(\.tasks.count) == [2, 1, 1])
        #expect(tree.roots.map(\.first) == [2, 0, 1])
    }

    @Test func numberedNamesBelongTogether() {
        let tree = TaskTree([task(1, name: "page-1"), task(2, name: "page-2"), task(3, name: "index")])
        #expect(tree.roots.map(\.tasks.count) == [2, 1])
        #expect(TaskTree.pattern("page-12-of-300") == "page-*-of-*")
    }

    @Test func cycleOfParentsIsShownAsRoots() {
        let tree = TaskTree([task(1, parent: 2), task(2, parent: 1), task(3, parent: 3)])
        #expect(TaskTreeText.render(tree.records).count >= 1)
    }

    @Test func deepForestsAreBounded() {
        let deep = (1...50_000).map { task(UInt64($0), parent: $0 == 1 ? nil : UInt64($0 - 1)) }
        #expect(TaskTreeText.render(deep).count <= 501)
    }

    @Test func manyLinesAreCutAndSaySo() {
        let lines = TaskTreeText.render((1...1000).map { task(UInt64($0), at: UInt64($0)) })
        #expect(lines.count == 501)
        #expect(lines.last?.contains("500 more tasks") == true)
    }

    @Test func namesCannotSpeakToTheTerminal() {
        let lines = TaskTreeText.render([task(1, name: "a\u{1b}[31mred\u{202e}")])
        #expect(!lines.joined().unicodeScalars.contains { $0.value == 0x1b || $0.value == 0x202e })
    }

    @Test func lineSaysWhoWhatAndWhere() {
        var waiting = task(7, wait: .actor, name: "post")
        waiting.wait?.typeName = "Ledger"
        waiting.wait?.task = 3
        #expect(TaskTreeText.render([waiting]) == ["task 7 \"post\"  waits for actor Ledger, where task 3 runs  at work() (Work.swift:7)"])
    }
}
