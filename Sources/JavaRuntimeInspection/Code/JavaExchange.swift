internal import Evidence
internal import ProcessInspection

/// Who speaks first on a connection that the program reads from by itself, by the order in which its methods send and read.
final class JavaExchange {
    private let calls: JavaCalls
    /// By method of the program: whether it sends; nil where that is not known.
    private var told: [JavaCalls.Target: Bool?] = [:]

    init(_ calls: JavaCalls) { self.calls = calls }

    /// Packages of the platform by which a program reads from a connection, and that send nothing meanwhile.
    private static let transport = ["java.net.Socket", "java.io.", "sun.nio.", "java.nio.", "java.util.Scanner", "java.lang.", "jdk.internal.", "sun.security.ssl."]
    private static let sending: Set<String> = [
        "write", "writeBytes", "writeChars", "writeUTF", "writeInt", "writeLong", "writeShort", "writeByte", "writeObject", "println", "print", "printf", "format", "append", "newLine", "flush", "send", "sendText",
    ]
    private static let frameLimit = 16
    private static let methodLimit = 500

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
        switch sends(instruction, method) {
        case true?: return .sends
        case nil: return .maySend
        case false?:
            guard JavaBytecode.invokes.contains(instruction.opcode), let target = calls.calls([instruction], of: method)?.first else { return .other }
            return calls.program[target.className] != nil || Self.handling.contains(target.name) ? .handles : .other
        }
    }

    /// By which what came is handed on.
    private static let handling: Set<String> = ["println", "printf", "put", "offer", "add", "accept", "submit", "execute", "complete"]

    private func sends(_ instruction: JavaBytecode.Instruction, _ method: JavaCalls.Method) -> Bool? {
        guard JavaBytecode.invokes.contains(instruction.opcode) else { return false }
        guard let target = calls.calls([instruction], of: method)?.first else { return nil }
        // Standard output is one of these, and seldom a connection.
        if target.className == "java.io.PrintStream" { return false }
        if calls.program[target.className] == nil { return Self.sending.contains(target.name) && !target.className.hasPrefix("java.lang.") }
        let targets = Set(calls.named(target.name)).filter { $0 == target || calls.program[$0.className].map { calls.ancestry($0).contains(target.className) } == true }
        let found: [Bool?] = targets.map { sends($0) }
        return found.contains(true) ? true : found.contains(nil) ? nil : false
    }

    private func sends(_ target: JavaCalls.Target) -> Bool? {
        if let known = told[target] { return known }
        // One that calls itself sends no more by that.
        told[target] = .some(false)
        guard told.count < Self.methodLimit else { return nil }
        let methods = (calls.program[target.className].flatMap { calls.declaredMethods($0) } ?? []).filter { $0.target == target }
        let steps: [Bool?] = methods.flatMap { method in method.bytecode.instructions.map { sends($0, method) } }
        let found: Bool? = steps.contains(true) ? true : steps.contains(nil) ? nil : false
        told[target] = .some(found)
        return found
    }
}
