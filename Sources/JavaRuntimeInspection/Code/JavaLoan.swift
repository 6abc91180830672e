internal import ProcessInspection

/// Whether a thread waits to borrow: what it takes from a container it puts back there on every way to its return, as members of a pool are lent. Who works off a
/// queue puts in something else, or only what it failed with.
struct JavaLoan {
    let calls: JavaCalls

    private static let gives: Set<String> = ["add", "addFirst", "addLast", "offer", "offerFirst", "offerLast", "put", "putFirst", "putLast", "push"]
    private static let returnsObject: UInt8 = 176
    private static let returns: ClosedRange<UInt8> = 172...177
    private static let casts: UInt8 = 192
    /// Instructions that load what a call is given, its object included.
    private static let longest = 8
    private static let frameLimit = 8

    /// - Parameter frames: innermost first.
    func isShown(by frames: [JavaFrame]) -> Bool {
        let own = Array(frames.filter { !$0.method.isPlatform }.prefix(Self.frameLimit))
        guard let first = own.first, let (taker, call) = place(first), let container = field(before: call, in: taker) else { return false }
        for frame in own {
            guard let (method, row) = place(frame), let next = rowAfter(row, method) else { return false }
            let instruction = method.bytecode.instructions[next]
            // Handed on to the caller, as whoever lends does.
            if instruction.opcode == Self.returnsObject { continue }
            guard let item = method.bytecode.variable(instruction, wide: 58...58, short: 75...78) else { return false }
            return givesBack(item, to: container, in: method, from: row)
        }
        return false
    }

    /// The method of a frame, and the row of the call in which it stands.
    private func place(_ frame: JavaFrame) -> (method: JavaCalls.Method, row: Int)? {
        guard let method = calls.method(of: frame), let index = frame.index, let row = method.bytecode.instructions.firstIndex(where: { $0.index == Int(index) }) else { return nil }
        return (method, row)
    }

    private func rowAfter(_ row: Int, _ method: JavaCalls.Method) -> Int? {
        let code = method.bytecode.instructions
        return code.indices.dropFirst(row + 1).first { code[$0].opcode != Self.casts }
    }

    /// The field whose object is called at a row: the last that was read before.
    private func field(before row: Int, in method: JavaCalls.Method) -> JavaCalls.Target? {
        for before in (0..<row).reversed().prefix(Self.longest) {
            let instruction = method.bytecode.instructions[before]
            if JavaBytecode.reads.contains(instruction.opcode) { return calls.field(instruction, of: method) }
            if JavaBytecode.invokes.contains(instruction.opcode) { return nil }
        }
        return nil
    }

    /// Whether the method comes to no return, and to no other round, but by a call that is given the local variable, and puts it into the container or is of a method that does.
    private func givesBack(_ item: Int, to container: JavaCalls.Target, in method: JavaCalls.Method, from row: Int) -> Bool {
        let code = method.bytecode.instructions
        let gives = Set(code.indices.filter { isGift(of: item, to: container, $0, method) })
        var open = [row + 1]
        var seen: Set<Int> = []
        let successors = method.bytecode.flow.successors
        while let next = open.popLast() {
            guard code.indices.contains(next), !gives.contains(next), seen.insert(next).inserted else { continue }
            if next == row || Self.returns.contains(code[next].opcode) { return false }
            open += successors[next]
        }
        return !gives.isEmpty
    }

    private func isGift(of item: Int, to container: JavaCalls.Target, _ call: Int, _ method: JavaCalls.Method) -> Bool {
        let code = method.bytecode
        guard JavaBytecode.invokes.contains(code.instructions[call].opcode), isGiven(item, call, code), let target = calls.calls([code.instructions[call]], of: method)?.first else { return false }
        if puts(target) { return field(before: call, in: method) == container }
        guard let type = calls.program[target.className], let declared = calls.declaredMethods(type) else { return false }
        return declared.contains { $0.target == target && putsInto(container, $0) }
    }

    /// Whether the last thing that is loaded before a call is the variable: its last argument.
    private func isGiven(_ item: Int, _ call: Int, _ code: JavaBytecode) -> Bool { call > 0 && code.variable(code.instructions[call - 1], wide: 25...25, short: 42...45) == item }

    private func puts(_ target: JavaCalls.Target) -> Bool { target.className.hasPrefix("java.util.") && Self.gives.contains(target.name) }

    private func putsInto(_ container: JavaCalls.Target, _ method: JavaCalls.Method) -> Bool {
        let code = method.bytecode.instructions
        return code.indices.contains { row in
            guard JavaBytecode.invokes.contains(code[row].opcode), let target = calls.calls([code[row]], of: method)?.first, puts(target) else { return false }
            return field(before: row, in: method) == container
        }
    }
}
