package import Evidence
import WaitGraph

/// Threads or tasks that stand at the same place: 500 threads are usually a handful of these.
package struct StackGroup: Sendable, Hashable {
    /// Who stands there, such as "812/815 NIO-ELT-0"; at most `StackGroups.shownMembers`.
    package var members: [String]
    package var count: Int
    package var frames: [Frame]
    package var omittedFrames: Int
    /// Why there is no stack, or only part of one.
    package var stackReason: String?
    /// What they wait for, in words, each once; at most 6.
    package var waits: [String]
    /// Indexes of the rows in the snapshot's table, the first few.
    package var rows: [Int]
    /// Kinds of wait and state seen among them, to compare runs by.
    package var kinds: Set<String>
    /// Equal for the same place in another run of the same build.
    package var signature: String

    /// The frame to name the place by.
    var place: Frame? { Self.place(frames) }

    /// The program's own innermost function, not the library's in which it waits.
    static func place(_ frames: [Frame]) -> Frame? { StackShape(frames).own.first ?? frames.first { $0.file != nil } ?? frames.first }

    var omittedMembers: String { count > members.count ? " and \(Units.count(count - members.count)) more" : "" }
}

/// Groups by identical stacks, the largest deviation from the ordinary (single threads) last.
package enum StackGroups {
    package static let shownMembers = 8
    package static let shownFrames = 64

    package static func threads(_ threads: [ThreadRecord]) -> [StackGroup] {
        group(threads, frames: \.shownStack) { thread in
            let name = thread.managedName ?? thread.name
            return "\(thread.pid)/\(thread.tid)" + (name.isEmpty ? "" : " \(name)")
        } wait: { WaitWording.thread($0) } kind: { $0.wait?.kind.rawValue ?? $0.syscall?.name ?? $0.state }
    }

    package static func tasks(_ tasks: [TaskRecord]) -> [StackGroup] {
        group(tasks, frames: \.backtrace) { task in
            "task \(task.id)" + (task.name.map { " \u{201C}\($0)\u{201D}" } ?? "")
        } wait: { WaitWording.task($0) } kind: { "\($0.state.rawValue) \($0.wait?.kind.rawValue ?? "") \($0.isCancelled)" }
    }

    private static func group<Row>(
        _ rows: [Row], frames: (Row) -> Observed<[Frame]>, member: (Row) -> String, wait: (Row) -> String, kind: (Row) -> String
    ) -> [StackGroup] {
        var groups: [StackGroup] = []
        var index: [String: Int] = [:]
        for (row, value) in rows.enumerated() {
            let observed = frames(value)
            let stack = observed.elements
            let signature = signature(stack, kind: kind(value))
            if let known = index[signature] {
                groups[known].count += 1
                if groups[known].kinds.count < 8 { groups[known].kinds.insert(kind(value)) }
                if groups[known].members.count < shownMembers { groups[known].members.append(Escaping.clipped(member(value), to: 80)) }
                if groups[known].rows.count < shownMembers { groups[known].rows.append(row) }
                if groups[known].waits.count < 6 {
                    let wait = Escaping.clipped(wait(value), to: 300)
                    if !groups[known].waits.contains(wait) { groups[known].waits.append(wait) }
                }
                continue
            }
            index[signature] = groups.count
            groups.append(StackGroup(
                members: [Escaping.clipped(member(value), to: 80)], count: 1, frames: Array(stack.prefix(shownFrames)),
                omittedFrames: max(0, stack.count - shownFrames), stackReason: observed.reason,
                waits: [Escaping.clipped(wait(value), to: 300)], rows: [row], kinds: [kind(value)], signature: signature))
        }
        return groups
    }

    /// The frames' functions and places without addresses, which differ between runs.
    private static func signature(_ frames: [Frame], kind: String) -> String {
        // Without a stack, only what they do tells them apart.
        var signature = frames.isEmpty ? kind : ""
        for frame in frames.prefix(shownFrames) {
            signature += "|"
            if let function = frame.function {
                signature += function.utf8.count > 200 ? String(function.unicodeScalars.prefix(200).map(Character.init)) : function
                if let line = frame.line { signature += ":\(line)" }
            } else {
                signature += frame.module.map(WaitWording.baseName) ?? "?"
            }
        }
        return signature
    }
}

extension ThreadRecord {
    /// The language's own frames above the native ones that run them.
    var shownStack: Observed<[Frame]> {
        guard let managedStack else { return stack }
        let frames = managedStack.elements + stack.elements
        guard let reason = managedStack.reason ?? stack.reason else { return .complete(frames) }
        return frames.isEmpty ? .unavailable(reason: reason) : .partial(frames, reason: reason)
    }
}

extension RunSection {
    /// The snapshot to show: the first at an alarm, else the one at the same point, else the last.
    var keySnapshot: Snapshot? {
        run.snapshots.first { $0.reason == .alarm } ?? run.snapshots.last { $0.reason == .samePoint } ?? run.snapshots.last
    }
}
