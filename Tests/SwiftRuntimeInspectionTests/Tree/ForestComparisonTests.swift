import Evidence
import SwiftRuntimeInspection
import Testing

@Suite struct ForestComparisonTests {
    private func task(_ id: UInt64, at place: UInt64, wait: TaskWait.Kind = .continuation) -> TaskRecord {
        var record = TaskRecord(pid: 1, id: id, address: id * 16, kind: .unstructured, state: .suspended)
        record.wait = TaskWait(kind: wait)
        record.backtrace = .complete([Frame(programCounter: place, function: "f\(place)()", file: "/a.swift", line: Int(place))])
        return record
    }

    @Test func tellsWhoMovedWhoCameAndWhoWent() {
        let comparison = ForestComparison(
            before: [task(1, at: 10), task(2, at: 20), task(3, at: 30)],
            after: [task(1, at: 10), task(2, at: 21), task(4, at: 30)])
        #expect(comparison.unmoved == [1])
        #expect(comparison.moved == [2])
        #expect(comparison.new == [4])
        #expect(comparison.gone == [3])
    }

    @Test func runsAreComparedByLookAlone() {
        let comparison = ForestComparison(
            working: [task(1, at: 10), task(2, at: 20)], hanging: [task(7, at: 20), task(8, at: 20), task(9, at: 30)])
        #expect(comparison.differences.map(\.look.place) == ["f10() (a.swift:10)", "f20() (a.swift:20)", "f30() (a.swift:30)"])
        #expect(comparison.differences.map(\.after) == [0, 2, 1])
    }

    @Test func changesAreSaidInWords() {
        let before = [task(1, at: 10), task(2, at: 20), task(3, at: 20)]
        let after = [task(1, at: 10), task(4, at: 30)]
        let comparison = ForestComparison(before: before, after: after)
        #expect(ForestComparisonText.summary(comparison) == "1 task did not move, 0 moved, 1 is new, 2 are gone")
        #expect(ForestComparisonText.lines(comparison, before: before, after: after) == [
            "2 -> 0  tasks  wait for a continuation  at f20() (a.swift:20)",
            "0 -> 1  tasks  wait for a continuation  at f30() (a.swift:30)",
        ])
    }

    @Test func whoMovedCameAndWentIsNamed() {
        var gone = task(3, at: 20)
        gone.name = "progress"
        let before = [task(1, at: 10), task(2, at: 20), gone]
        let after = [task(1, at: 10), task(2, at: 21, wait: .group), task(4, at: 30)]
        #expect(ForestComparisonText.who(ForestComparison(before: before, after: after), before: before, after: after) == [
            "moved: task 2  waits for a continuation -> waits for its task group  at f21() (a.swift:21)",
            "new: task 4  waits for a continuation  at f30() (a.swift:30)",
            "gone: task 3 \"progress\"  waits for a continuation  at f20() (a.swift:20)",
        ])
    }

    @Test func timersOfSleepsAreNoChange() {
        let comparison = ForestComparison(before: [task(1, at: 10), task(2, at: 5, wait: .sleep)], after: [task(1, at: 10), task(3, at: 5, wait: .sleep)])
        #expect(comparison.unmoved == [1] && comparison.new.isEmpty && comparison.gone.isEmpty && comparison.differences.isEmpty)
    }

    @Test func actorIsHeldUntilAnotherTaskRunsOnIt() {
        var times = StandingTimes()
        var actor = ActorRecord(pid: 1, address: 16, state: .running)
        actor.runningTask = 7
        #expect(times.update([actor], now_s: 1) == [16: 0])
        #expect(times.update([actor], now_s: 4) == [16: 3])
        actor.runningTask = 8
        #expect(times.update([actor], now_s: 5) == [16: 0])
    }

    @Test func standingTimeGrowsUntilTheTaskMoves() {
        var times = StandingTimes()
        #expect(times.update([task(1, at: 10)], now_s: 0) == [1: 0])
        #expect(times.update([task(1, at: 10)], now_s: 5) == [1: 5])
        #expect(times.update([task(1, at: 11)], now_s: 6) == [1: 0])
    }

    @Test func awaitedTaskIsShownUnderItsWaiter() {
        var waiter = task(1, at: 10, wait: .task)
        waiter.wait?.task = 2
        let tree = TaskTree([waiter, task(2, at: 20)])
        #expect(tree.roots.map(\.first) == [0])
        #expect(tree.roots[0].children.map(\.first) == [1])
    }

    @Test func tasksThatAwaitEachOtherAreShownOnce() {
        var left = task(1, at: 10, wait: .task)
        left.wait?.task = 2
        var right = task(2, at: 20, wait: .task)
        right.wait?.task = 1
        let lines = TaskTreeText.render([left, right])
        #expect(lines.count == 2)
    }
}
