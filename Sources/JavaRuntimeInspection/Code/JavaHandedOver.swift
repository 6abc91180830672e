internal import ProcessInspection

/// What a method's callers gave it to wait at: an object that they made for the call, or keep in a variable of which they do nothing else.
struct JavaHandedOver {
    let kept: JavaKept
    let calls: JavaCalls
    private static let depth = 6
    private static let isStatic: UInt8 = 184
    private static let putsStatic: UInt8 = 179

    /// - Parameter frames: of the thread, from the waiting method of the program outwards.
    /// - Parameter type: the class of the object that it waits at.
    func isForNobody(_ variable: Int, _ frames: ArraySlice<JavaFrame>, _ type: String) -> Bool {
        var variable = variable
        for (inner, frame) in zip(frames, frames.dropFirst()).prefix(Self.depth) {
            guard !frame.method.isPlatform, let method = calls.method(of: frame), let index = frame.index, case let code = method.bytecode.instructions,
                let row = code.firstIndex(where: { $0.index == Int(index) }), row > 0, let call = kept.called(code[row], method), call.name == inner.method.name
            else { return false }
            let isReceiver = variable == 0 && code[row].opcode != Self.isStatic
            if makes(type, row - 1, method) { return !isReceiver || keepsToItself(type) }
            guard let handed = kept.variable(code[row - 1], method, JavaKept.loads) else { return false }
            let others = code.indices.filter { kept.variable(code[$0], method, JavaKept.loads) == handed && $0 != row - 1 }
            guard others.allSatisfy({ isHarmless($0, method, call, handed) }) else { return false }
            let stores = code.indices.filter { kept.variable(code[$0], method, JavaKept.stores) == handed }
            if !stores.isEmpty { return stores.allSatisfy { $0 > 0 && makes(type, $0 - 1, method) } && (!isReceiver || keepsToItself(type)) }
            variable = handed
        }
        return false
    }

    private func makes(_ type: String, _ row: Int, _ method: JavaCalls.Method) -> Bool {
        guard row >= 0, let call = kept.called(method.bytecode.instructions[row], method), call.name == "<init>", call.className == type else { return false }
        return calls.program[type] != nil || kept.makesObject(row, method)
    }

    /// The same call at another place, a lock, or a field of it.
    private func isHarmless(_ row: Int, _ method: JavaCalls.Method, _ call: JavaCalls.Target, _ variable: Int) -> Bool {
        let code = method.bytecode.instructions
        guard row + 1 < code.count else { return false }
        return kept.called(code[row + 1], method) == call || kept.isLocked(row, method) || variable == 0 && JavaBytecode.reads.contains(code[row + 1].opcode)
    }

    /// Whether the constructors of a class of the program hand what they make to nobody: each `this` is for a field of it, or for the constructor above.
    private func keepsToItself(_ type: String) -> Bool {
        guard let class_ = calls.program[type] else { return true }
        return ([type] + calls.ancestry(class_)).compactMap { calls.program[$0] }.allSatisfy { class_ in
            (calls.declaredMethods(class_) ?? []).filter { $0.target.name == "<init>" }.allSatisfy { method in
                let code = method.bytecode.instructions
                let this = code.indices.count { row in
                    kept.variable(code[row], method, JavaKept.loads) == 0 && !(row + 1 < code.count && JavaBytecode.reads.contains(code[row + 1].opcode))
                }
                return this == 1 + code.count { JavaBytecode.writes.contains($0.opcode) && $0.opcode != Self.putsStatic }
            }
        }
    }
}
