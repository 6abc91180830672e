internal import Evidence
internal import ProcessInspection

/// Who speaks first on a connection that the program reads from by itself, by the order in which its methods send and read.
struct JavaExchange {
    let calls: JavaCalls

    /// Packages of the platform by which a program reads from a connection, and that send nothing meanwhile.
    private static let transport = ["java.net.Socket", "java.io.", "sun.nio.", "java.nio.", "java.util.Scanner", "java.lang.", "jdk.internal.", "sun.security.ssl."]
    private static let sending: Set<String> = [
        "write", "writeBytes", "writeChars", "writeUTF", "writeInt", "writeLong", "writeShort", "writeByte", "writeObject", "println", "print", "printf", "format", "append", "newLine", "flush", "send", "sendText",
    ]
    private static let frameLimit = 16
    private static let depthLimit = 4

    /// - Returns: see `CodeAhead.exchange`.
    func exchange(_ frames: [JavaFrame]) -> CodeAhead.Exchange? {
        let program = frames.drop { $0.method.isPlatform }
        guard frames.dropLast(program.count).allSatisfy({ frame in Self.transport.contains { frame.method.className.hasPrefix($0) } && !frame.method.className.hasPrefix("jdk.internal.net.http") }) else { return nil }
        var order = ExchangeOrder()
        for frame in program.prefix(Self.frameLimit) {
            guard !frame.method.isPlatform, let method = calls.method(of: frame), let index = frame.index, let row = method.bytecode.instructions.firstIndex(where: { $0.index == Int(index) }) else { break }
            order.add(method.bytecode.flow, at: row) { step(method.bytecode.instructions[$0], method) }
            if order.isOver { break }
        }
        return order.exchange
    }

    private func step(_ instruction: JavaBytecode.Instruction, _ method: JavaCalls.Method) -> ExchangeOrder.Step {
        switch sends(instruction, method, Self.depthLimit) {
        case true?: return .sends
        case nil: return .maySend
        case false?:
            guard JavaBytecode.invokes.contains(instruction.opcode), let target = calls.calls([instruction], of: method)?.first else { return .other }
            return calls.program[target.className] != nil || Self.handling.contains(target.name) ? .handles : .other
        }
    }

    /// By which what came is handed on.
    private static let handling: Set<String> = ["println", "printf", "put", "offer", "add", "accept", "submit", "execute", "complete"]

    private func sends(_ instruction: JavaBytecode.Instruction, _ method: JavaCalls.Method, _ depth: Int) -> Bool? {
        guard JavaBytecode.invokes.contains(instruction.opcode) else { return false }
        guard let target = calls.calls([instruction], of: method)?.first else { return nil }
        // Standard output is one of these, and seldom a connection.
        if target.className == "java.io.PrintStream" { return false }
        if calls.program[target.className] == nil { return Self.sending.contains(target.name) && !target.className.hasPrefix("java.lang.") }
        guard depth > 0 else { return nil }
        var isUnknown = false
        for named in Set(calls.named(target.name)) where named == target || calls.program[named.className].map({ calls.ancestry($0).contains(target.className) }) == true {
            for callee in calls.program[named.className].flatMap({ calls.declaredMethods($0) }) ?? [] where callee.target == named {
                let told = callee.bytecode.instructions.map { sends($0, callee, depth - 1) }
                if told.contains(true) { return true }
                isUnknown = isUnknown || told.contains(nil)
            }
        }
        return isUnknown ? nil : false
    }
}
