internal import ProcessInspection

/// Whether a thread means what it waits for to come about, or only keeps its program alive: by what its code does after the wait.
enum JavaEarnest {
    /// Methods of futures, queues and exchangers that return what was waited for.
    private static let gives: Set<String> = ["get", "join", "take", "takeFirst", "takeLast", "exchange", "resultNow"]
    private static let pops: ClosedRange<UInt8> = 87...88

    /// Whoever combines several results waits for all of them.
    private static let combines = JavaCalls.Target(className: "java.util.concurrent.CompletableFuture", name: "allOf")

    /// nil where the code cannot be read.
    ///
    /// - Parameter runsAsync: a thread is at a piece of work that a completable future stands for, which may be meant to go on for ever.
    static func isShown(by subject: JavaWaitReader.Subject, _ calls: JavaCalls, runsAsync: Bool) -> Bool? {
        guard let frame = subject.frames.first(where: { !$0.method.isPlatform }), let method = calls.method(of: frame), let index = frame.index,
            case let code = method.bytecode, let row = code.instructions.firstIndex(where: { $0.index == Int(index) }), row + 1 < code.instructions.count,
            let target = calls.calls([code.instructions[row]], of: method)?.first, let after = calls.calls(code.remaining(behind: Int(index)), of: method)
        else { return nil }
        let isResult = gives.contains(target.name) && JavaReleasing.isPlatform(target.className) && target.className != "java.lang.Thread"
        if isResult, !runsAsync, calls.calls(code.instructions[..<row], of: method)?.contains(combines) == true { return true }
        return isResult && !pops.contains(code.instructions[row + 1].opcode) || after.contains(where: isWork)
    }

    /// Beginnings of the names of methods that bring a program to its end, say so, or wait for that.
    private static let farewells = [
        "close", "shutdown", "stop", "exit", "halt", "interrupt", "cancel", "destroy", "dispose", "terminate", "disconnect", "cleanup", "release", "unlock", "lock", "await", "wait", "get", "join",
        "take", "print", "log", "info", "debug", "warn", "error", "flush", "currentThread", "<init>", "append", "toString", "valueOf", "format",
    ]

    private static func isWork(_ call: JavaCalls.Target) -> Bool { !farewells.contains { call.name.hasPrefix($0) } }
}
