package import Evidence

/// The words for a task in the tree: who it is, what it waits for, where.
package enum TaskWords {
    /// `412 children of a group`, `task 7 "fetch"`, `main task 1`.
    package static func title(_ task: TaskRecord, count: Int) -> String {
        if count > 1 {
            let name = task.name.map { " \"\(clean(TaskTree.pattern($0)))\"" } ?? ""
            let kind =
                switch task.kind {
                case .unstructured, .unknown: "tasks"
                case .groupChild: "group children"
                case .asyncLet: "async lets"
                case .main: "main tasks"
                }
            return "\(count) \(kind)\(name)"
        }
        let kind =
            switch task.kind {
            case .unstructured, .unknown: "task"
            case .groupChild: "group child"
            case .asyncLet: "async let"
            case .main: "main task"
            }
        return "\(kind) \(task.id)" + (task.name.map { " \"\(clean($0))\"" } ?? "")
    }

    /// What it does or waits for: `waits for 3 group children`, `sleeps`, `runs on thread 812`.
    package static func state(_ task: TaskRecord, count: Int) -> String {
        let one = count == 1
        switch task.state {
        case .running: return (one ? "runs" : "run") + (one ? task.runningOnTID.map { " on thread \($0)" } ?? "" : "")
        case .completed: return "completed, still held"
        case .enqueued, .suspended: break
        }
        guard let wait = task.wait else { return task.state == .enqueued ? "enqueued, not run" : "suspended" }
        let type = wait.typeName.map { " \(clean($0))" } ?? ""
        let waits = one ? "waits" : "wait"
        switch wait.kind {
        case .task: return wait.task.map { "\(waits) for task \($0)" } ?? "\(waits) for a task that is gone"
        case .group:
            guard let pending = wait.pending else { return "\(waits) for its task group" }
            return "\(waits) for \(pending) group " + (pending == 1 ? "child" : "children")
        case .continuation:
            var words = "\(waits) for a continuation"
            if let createdBy = wait.createdBy { words += " made by \(clean(createdBy))" }
            return words + (nobody(task) ?? "")
        case .actor: return "\(waits) for actor\(type)" + queue(wait, one: one)
        case .mainActor: return "\(waits) for the main actor" + queue(wait, one: one)
        case .executor: return "\(waits) for executor\(type)" + queue(wait, one: one)
        case .globalPool: return "enqueued on the pool, not run"
        case .sleep: return one ? "sleeps" + (wait.remaining_s.map { ", wakes in " + duration($0) } ?? "") : "sleep"
        case .stream: return "\(waits) for the next element of a stream" + (nobody(task) ?? "")
        case .eventLoopFuture:
            return "\(waits) for an EventLoopFuture" + (wait.descriptor.map { " of connection \($0)" } ?? "")
                + (wait.isEventLoopShutDown == true ? " whose loop was shut down" : nobody(task) ?? "")
        case .unknown: return one ? "is suspended" : "are suspended"
        }
    }

    /// Who runs on an actor, and how many come first: `, where task 3 runs; 2nd in its queue`.
    private static func queue(_ wait: TaskWait, one: Bool) -> String {
        let runner = wait.task.map { ", where task \($0) runs" } ?? ""
        guard one, let position = wait.queuePosition else { return runner }
        return runner + (position == 1 ? "; next in its queue" : "; number \(position) in its queue")
    }

    /// That nobody can resume it, and what refers to it all the same; nil when that was not proved.
    package static func nobody(_ task: TaskRecord) -> String? { task.unreachability.map(clean) }

    /// `0.4 s`, `12 s`, `5 min`, `2 h`.
    package static func duration(_ seconds: Double) -> String {
        let seconds = max(0, seconds.isFinite ? seconds : 0)
        let tenths = Int(min(seconds, 1e6) * 10 + 0.5)
        if tenths < 100 { return "\(tenths / 10).\(tenths % 10) s" }
        if seconds < 120 { return "\(Int(seconds.rounded())) s" }
        return seconds < 7200 ? "\(Int(seconds / 60)) min" : "\(Int(min(seconds, 1e12) / 3600)) h"
    }

    /// The innermost frame that is the program's own: `LLMClient.complete(_:) (LLMClient.swift:88)`.
    package static func place(_ task: TaskRecord) -> String? { interesting(task.backtrace.elements).map(frame) }

    package static func frame(_ frame: Frame) -> String {
        let name = short(clean(frame.function ?? "0x" + String(frame.programCounter, radix: 16)))
        guard let file = frame.file?.split(separator: "/").last else { return name }
        return "\(name) (\(clean(String(file)))" + (frame.line.map { ":\($0)" } ?? "") + ")"
    }

    /// As people say it: `closure in ServiceGroup._run(services:…)` for nested closures and many arguments.
    package static func short(_ name: String) -> String {
        var rest = name[...]
        var isClosure = false
        while rest.hasPrefix("closure #"), let end = rest.firstRange(of: " in ")?.upperBound {
            rest = rest[end...]
            isClosure = true
        }
        var text = String(rest)
        if text.count > longName, let open = text.lastIndex(of: "("), let first = text[open...].firstIndex(of: ":"), text.hasSuffix(":)") {
            text = text[...first] + "…)"
        }
        return (isClosure ? "closure in " : "") + text
    }

    /// Beyond so many characters a name loses all but its first argument.
    private static let longName = 48

    package static func interesting(_ frames: [Frame]) -> Frame? {
        frames.first { isOwn($0) && $0.line != nil } ?? frames.first { $0.line != nil && !isGenerated($0) && !isStandardLibrary($0) }
            ?? frames.first { isOwn($0) } ?? frames.first { $0.function != nil && !isGenerated($0) } ?? frames.first
    }

    /// Frames without what the compiler put between functions: reabstraction thunks and forwarders.
    package static func shown(_ frames: [Frame]) -> [Frame] {
        frames.filter { frame in
            guard let function = frame.function else { return true }
            return !function.hasPrefix("thunk") && frame.file?.hasSuffix("<compiler-generated>") != true
        }
    }

    /// Not the standard library's, the runtime's, or a package's that was fetched.
    private static func isOwn(_ frame: Frame) -> Bool {
        guard let function = frame.function, !function.hasPrefix("swift_"), !isGenerated(frame), !isStandardLibrary(frame) else { return false }
        if let module = frame.module, systemLibraries.contains(where: { module.contains($0) }) { return false }
        guard let file = frame.file else { return frame.module?.split(separator: "/").last?.hasPrefix("lib") != true }
        return !file.contains("/checkouts/")
    }

    /// The C library and Swift's own, whatever their debugging information says.
    private static let systemLibraries = ["/libc.so", "/libpthread.so", "/libc++", "/libstdc++", "/swift/linux/lib", "/ld-linux"]

    /// Made by the compiler between functions, or a reabstraction thunk.
    package static func isGenerated(_ frame: Frame) -> Bool {
        frame.file?.hasSuffix("<compiler-generated>") == true || frame.function?.hasPrefix("thunk") == true
    }

    /// Also where it was specialised into the program: its mangled names begin with `$ss` (Swift) or `$sSc` (_Concurrency).
    private static func isStandardLibrary(_ frame: Frame) -> Bool {
        let symbol = frame.symbol ?? ""
        return symbol.hasPrefix("$ss") || symbol.hasPrefix("$sSc") || frame.file?.contains("/swift/stdlib/") == true
    }

    /// Names come from the other process: no control characters reach a terminal, and none is longer than 200.
    package static func clean(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(200) {
            // C0, C1, and the bidirectional controls that reorder what is shown.
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                || (0x200e...0x200f).contains(scalar.value) || (0x202a...0x202e).contains(scalar.value)
                || (0x2066...0x2069).contains(scalar.value)
            result.unicodeScalars.append(isControl ? "\u{fffd}" : scalar)
        }
        return result
    }
}
