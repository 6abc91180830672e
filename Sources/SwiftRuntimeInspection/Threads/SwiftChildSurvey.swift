internal import Evidence
internal import ProcessInspection

/// Looks at the code of children that a task waits for and that sleep: whether they can come to their ends.
struct SwiftChildSurvey {
    private let reach: CodeReach
    private let tasks: [TaskRecord]

    private static let maximumParents = 64
    private static let maximumChildren = 64

    init(_ reach: CodeReach, _ tasks: [TaskRecord]) {
        self.reach = reach
        self.tasks = tasks
    }

    /// By task, what it says of children and of those that wait for them; and of a main task that nobody can let go on.
    func complete(_ ahead: inout [UInt64: CodeAhead]) {
        let byID = Dictionary(tasks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for parent in tasks.filter({ [.group, .task].contains($0.wait?.kind) }).prefix(Self.maximumParents) {
            let children = awaited(by: parent, byID)
            for child in children.prefix(Self.maximumChildren) where child.wait?.kind == .sleep {
                ahead[child.id, default: CodeAhead()].endsOnlyIfCancelled = !child.isCancelled && neverEnds(child)
            }
            if parent.kind == .main, !children.isEmpty, children.allSatisfy({ $0.wait?.kind == .stream }) {
                ahead[parent.id, default: CodeAhead()].hasMoreToDo = places(of: parent).contains { reach.hasMoreToDo(from: $0) }
                continue
            }
            // Groups without results are what services run in.
            guard !parent.backtrace.elements.contains(where: { $0.function?.contains("DiscardingTaskGroup") == true }), children.count == 1, (parent.wait?.pending ?? 1) == 1, let last = children.first, ahead[last.id]?.endsOnlyIfCancelled == true else { continue }
            ahead[parent.id, default: CodeAhead()].hasMoreToDo = places(of: parent).contains { reach.hasMoreToDo(from: $0) }
        }
        for task in tasks.lazy.filter({ [.sleep, .continuation].contains($0.wait?.kind) }).prefix(Self.maximumChildren) where comesBack(task) { ahead[task.id, default: CodeAhead()].comesBack = true }
        for task in tasks.lazy.filter({ $0.wait?.kind == .stream }).prefix(Self.maximumChildren) {
            if let exchange = reach.exchange(ofTaskAt: places(of: task)) { ahead[task.id, default: CodeAhead()].exchange = exchange }
        }
        for task in tasks where task.kind == .main && [.stream, .continuation].contains(task.wait?.kind) && task.wait?.resumers == .complete([]) {
            ahead[task.id, default: CodeAhead()].awaitsInEarnest = isInEarnest(task)
            if task.wait?.kind == .stream, let place = places(of: task).first, reach.isPassedOnce(place) { ahead[task.id]?.hasMoreToDo = reach.hasMoreToDo(from: place) }
        }
    }

    /// Whether it is in a loop without an end, which it pauses in, or each round of which begins with what it waits for.
    private func comesBack(_ task: TaskRecord) -> Bool {
        let sleeps = task.wait?.kind == .sleep
        let places = places(of: task)
        guard let row = places.indices.first(where: { reach.neverReturns(from: places[$0], afterSleep: sleeps && $0 == 0) }) else { return false }
        return sleeps || reach.beginsRound(places[row]) && places[..<row].allSatisfy(reach.isFirstAwaited)
    }

    private func isInEarnest(_ task: TaskRecord) -> Bool? {
        guard let place = places(of: task).first else { return nil }
        return task.wait?.kind == .stream ? reach.worksOnElements(from: place) : reach.handsOnContinuation(before: place)
    }

    private func awaited(by parent: TaskRecord, _ byID: [UInt64: TaskRecord]) -> [TaskRecord] {
        let children = parent.wait?.kind == .task ? parent.children.filter { $0 == parent.wait?.task } : parent.children
        return children.compactMap { byID[$0] }.filter { $0.state != .completed }
    }

    private func places(of task: TaskRecord) -> [UInt64] { task.backtrace.elements.filter(\.isOfProgram).map(\.programCounter) }

    private func neverEnds(_ child: TaskRecord) -> Bool {
        // Its innermost function of the program's own is the one that sleeps.
        places(of: child).enumerated().contains { row, place in reach.neverReturns(from: place, afterSleep: row == 0) }
    }
}
