package import Evidence

/// The task forest as text for people: one line a task, siblings at the same place on one line.
package struct TaskTreeText: Sendable {
    package struct Style: Sendable {
        package var usesColour = false
        /// Whole async backtraces under each line.
        package var showsBacktraces = false
        package var maximumLines = 500
        /// Columns that a line fits into, as far as it can be shortened.
        package var width = 120
        /// By task id: for how many seconds it was seen to stand at the same place.
        package var standing_s: [UInt64: Double] = [:]
        package init() {}
    }
    private let tree: TaskTree
    private let style: Style
    private var lines: [String] = []
    private var omitted = 0

    /// - Parameter threads: where running tasks stand is on their threads' stacks.
    package static func render(_ records: [TaskRecord], threads: [ThreadRecord] = [], style: Style = Style()) -> [String] {
        var records = records
        let stacks = Dictionary(threads.map { ($0.tid, $0.stack) }, uniquingKeysWith: { first, _ in first })
        for index in records.indices where records[index].state == .running {
            // The physical stack first, down to where the runtime called the task; then its async callers.
            guard let tid = records[index].runningOnTID, let stack = stacks[tid], stack.value != nil else { continue }
            let own = stack.elements.prefix { !isRuntimeEntry($0) && !$0.isAsync }
            records[index].backtrace = .complete(Array(own) + records[index].backtrace.elements)
        }
        let timers = records.count { isSleepHelper($0) }
        if timers > 0 { records.removeAll { isSleepHelper($0) } }
        var text = TaskTreeText(tree: TaskTree(records), style: style)
        for root in text.tree.roots { text.add(root, indent: "", branch: "", below: "") }
        if text.omitted > 0 { text.lines.append("... and \(text.omitted) more tasks; --lines N shows more, --format json all") }
        if timers > 0 { text.lines.append("(\(timers) \(timers == 1 ? "timer" : "timers") of Task.sleep not shown)") }
        return text.lines
    }

    /// Task.sleep makes a task without callers that waits for the timer.
    package static func isSleepHelper(_ task: TaskRecord) -> Bool {
        task.wait?.kind == .sleep && task.kind == .unstructured && task.children.isEmpty && task.backtrace.elements.count == 1
    }

    /// `14 tasks: 9 suspended, 2 running, 3 completed and held; 1 cancelled`.
    package static func summary(_ records: [TaskRecord]) -> String {
        var counts: [TaskRecord.State: Int] = [:]
        for record in records { counts[record.state, default: 0] += 1 }
        let words: [(TaskRecord.State, String)] = [
            (.running, "running"), (.suspended, "suspended"), (.enqueued, "enqueued and not run"), (.completed, "completed and held"),
        ]
        let parts = words.compactMap { state, word in counts[state].map { "\($0) \(word)" } }
        let cancelled = records.count { $0.isCancelled && $0.state != .completed }
        return "\(records.count) " + (records.count == 1 ? "task" : "tasks") + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
            + (cancelled > 0 ? "; \(cancelled) cancelled and still there" : "")
    }

    /// Where the runtime runs a job: what lies further out is not the task's.
    private static func isRuntimeEntry(_ frame: Frame) -> Bool {
        let name = frame.function ?? ""
        return name.contains("runJobInEstablishedExecutorContext") || name.contains("swift_job_run")
    }

    private init(tree: TaskTree, style: Style) {
        self.tree = tree
        self.style = style
    }

    private mutating func add(_ node: TaskTree.Node, indent: String, branch: String, below: String) {
        guard lines.count < style.maximumLines else {
            omitted += count(node)
            return
        }
        let task = tree.records[node.first]
        let title = TaskWords.title(task, count: node.tasks.count)
        let state = TaskWords.state(task, count: node.tasks.count)
        let cancelled = task.isCancelled && task.state != .completed ? "cancelled" : ""
        let longest = node.tasks.compactMap { style.standing_s[tree.records[$0].id] }.max() ?? 0
        let standing = longest >= 1 ? " for \(Int(longest)) s" : ""
        let gap = cancelled.isEmpty ? "" : " "
        let plain = indent + branch + title + gap + cancelled + "  " + state + standing
        var line = indent + branch + paint(title, .bold) + gap + paint(cancelled, .red) + "  " + paint(state, colour(task)) + standing
        if let place = TaskWords.place(task), !style.showsBacktraces {
            let at = task.state == .enqueued ? "  " : "  at "
            let room = style.width - plain.count - at.count
            line += at + TextWidth.shortened(place, to: max(room, Self.shortestPlace))
        }
        lines.append(line)
        let inner = indent + below
        if style.showsBacktraces {
            let rail = node.children.isEmpty ? "      " : "│     "
            for frame in TaskWords.shown(task.backtrace.elements).prefix(64) where lines.count < style.maximumLines {
                lines.append(inner + rail + paint(TaskWords.frame(frame), .dim))
            }
            if let reason = task.backtrace.reason { lines.append(inner + rail + paint("(\(reason))", .dim)) }
        }
        for (index, child) in node.children.enumerated() {
            let isLast = index == node.children.count - 1
            add(child, indent: inner, branch: isLast ? "└─ " : "├─ ", below: isLast ? "   " : "│  ")
        }
    }

    private func count(_ node: TaskTree.Node) -> Int { node.children.reduce(node.tasks.count) { $0 + count($1) } }

    /// A place is not cut below so many columns.
    private static let shortestPlace = 24

    // MARK: Colour

    private enum Paint: String { case bold = "1", dim = "2", red = "31", green = "32", yellow = "33", plain = "" }

    private func colour(_ task: TaskRecord) -> Paint {
        switch task.state {
        case .running: .green
        case .enqueued: .yellow
        case .completed: .dim
        case .suspended: task.wait?.kind == .actor ? .yellow : .plain
        }
    }

    /// Select Graphic Rendition sequences, ECMA-48.
    private func paint(_ text: String, _ paint: Paint) -> String {
        style.usesColour && paint != .plain && !text.isEmpty ? "\u{1b}[\(paint.rawValue)m\(text)\u{1b}[0m" : text
    }
}
