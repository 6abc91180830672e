/// The instructions of one code object, as far as they tell what becomes of an object that is waited for.
struct CodeRows {
    let code: PythonCode
    let uses: CodeUses
    let rows: [CodeUses.Instruction]
    private let names: [String]
    private var opcodes: Opcodes { uses.opcodes }

    static let waits: Set<String> = ["wait", "wait_for", "acquire", "get", "result", "exception"]
    private static let looks: Set<String> = ["is_set", "empty", "qsize", "done", "locked"]

    init(_ code: PythonCode, _ uses: CodeUses) {
        self.code = code
        self.uses = uses
        names = uses.objects.names(of: code)
        rows = uses.instructions(of: code).filter { uses.opcodes.kind($0.opcode) != .extended }
    }

    // MARK: What an instruction loads or stores

    func isLoad(_ row: Int) -> Bool { opcodes.kind(rows[row].opcode) != .other || opcodes.calls.contains(rows[row].opcode) }

    func attribute(_ row: Int) -> String? {
        guard rows.indices.contains(row), [.attribute, .method].contains(opcodes.kind(rows[row].opcode)) else { return nil }
        return name(opcodes.attributesAreShifted ? rows[row].argument >> 1 : rows[row].argument)
    }

    func global(_ row: Int) -> String? {
        switch opcodes.kind(rows[row].opcode) {
        case .global: name(rows[row].argument >> 1)
        case .name: name(rows[row].argument)
        default: nil
        }
    }

    /// The constant that it loads. PyCodeObject: co_consts 24.
    func constant(_ row: Int) -> UInt64? {
        let values = uses.objects.word(code.address &+ 24).map { uses.objects.tuple($0) } ?? []
        return opcodes.constants.contains(rows[row].opcode) && values.indices.contains(rows[row].argument) ? values[rows[row].argument] : nil
    }

    private func name(_ index: Int) -> String? { names.indices.contains(index) ? names[index] : nil }

    /// The one variable that it loads, of those that no other function shares.
    func variable(_ row: Int) -> Int? {
        let variable = rows[row].argument
        return opcodes.kind(rows[row].opcode) == .fast && isPlain(variable) ? variable : nil
    }

    /// The name of the one variable that it loads, shared or not.
    func anyVariable(_ row: Int) -> String? {
        guard [.fast, .deref].contains(opcodes.kind(rows[row].opcode)), code.localNames.indices.contains(rows[row].argument) else { return nil }
        return code.localNames[rows[row].argument]
    }

    /// A variable that no function within shares.
    func isPlain(_ variable: Int) -> Bool { variable < code.localKinds.count && code.localKinds[variable] & 0xc0 == 0 }

    func loads(_ row: Int, _ variable: Int) -> Bool {
        let argument = rows[row].argument
        return switch opcodes.kind(rows[row].opcode) {
        case .fast: argument == variable
        case .pair: argument & 15 == variable || argument >> 4 == variable && !opcodes.storesFast.contains(rows[row].opcode)
        default: false
        }
    }

    func stores(_ row: Int, _ variable: Int) -> Bool {
        let argument = rows[row].argument
        guard opcodes.storesFast.contains(rows[row].opcode) else { return false }
        // Those of two variables, from 3.13 on.
        switch opcodes.minor >= 13 ? rows[row].opcode : 0 {
        case 111: return argument >> 4 == variable
        case 112: return argument >> 4 == variable || argument & 15 == variable
        default: return argument == variable
        }
    }

    /// The global or attribute that it assigns.
    func stored(_ row: Int) -> String? { opcodes.kind(rows[row].opcode) == .store ? name(rows[row].argument) : nil }

    // MARK: What becomes of it

    /// Whether it calls one of these, with nothing but constants.
    func makes(_ row: Int, _ makers: Set<String>) -> Bool {
        guard row > 0, opcodes.calls.contains(rows[row].opcode) else { return false }
        var load = row - 1
        while load > 0, !isLoad(load), opcodes.constants.contains(rows[load].opcode) || opcodes.precalls.contains(rows[load].opcode) || opcodes.isNaming(rows[load].opcode) { load -= 1 }
        guard let name = attribute(load) ?? global(load), makers.contains(name) else { return false }
        guard name.hasSuffix("Semaphore") else { return true }
        // Permits that there were have been taken.
        return (load + 1..<row).contains { constant($0).flatMap(uses.objects.integer) == 0 }
    }

    /// The first of a call's last arguments that are no more than variables and constants; the call itself where there is none.
    func arguments(of call: Int) -> Int {
        var first = call
        while first > 0, case let opcode = rows[first - 1].opcode,
            [.fast, .pair].contains(opcodes.kind(opcode)) && !opcodes.storesFast.contains(opcode) || opcodes.constants.contains(opcode) || opcodes.precalls.contains(opcode) || opcodes.isNaming(opcode)
        { first -= 1 }
        return first
    }

    /// Whether nothing is done of what was just loaded but to wait for it, or to look at it.
    func onlyWaits(after row: Int) -> Bool {
        guard row + 1 < rows.count else { return false }
        if let name = attribute(row + 1) { return Self.waits.contains(name) || Self.looks.contains(name) }
        return opcodes.entering.contains(rows[row + 1].opcode) || isAwaited(row + 1)
    }

    /// GET_AWAITABLE, LOAD_CONST, SEND.
    private func isAwaited(_ row: Int) -> Bool {
        row + 2 < rows.count && opcodes.constants.contains(rows[row + 1].opcode) && opcodes.handling.awaits.contains(rows[row + 2].opcode)
    }

    // MARK: Where a frame waits

    /// The last instruction of the call or of the awaited expression at which a frame stands, and whether what comes of it is used.
    func wait(at offset: Int) -> (row: Int, isAwait: Bool, isUsed: Bool)? {
        guard let at = rows.lastIndex(where: { $0.unit <= offset }) else { return nil }
        let again = opcodes.handling.again
        guard opcodes.handling.awaits.contains(rows[at].opcode) || at + 1 < rows.count && rows[at + 1].opcode == again else {
            let end = opcodes.precalls.contains(rows[at].opcode) ? at + 1 : at
            return end < rows.count ? (end, false, end + 1 >= rows.count || rows[end + 1].opcode != opcodes.handling.discard) : nil
        }
        guard let end = (1...max(1, at)).last(where: isAwaited), var next = rows[at...].firstIndex(where: { $0.opcode == again }) else { return nil }
        next += 1
        if next < rows.count, rows[next].opcode == opcodes.handling.received { next += 1 }
        return (end - 1, true, next >= rows.count || rows[next].opcode != opcodes.handling.discard)
    }
}

extension Opcodes {
    /// STORE_FAST, also with another STORE_FAST or LOAD_FAST; from 3.13 on those have both variables in one argument.
    var storesFast: Set<UInt8> {
        switch minor {
        case 11: [125, 161, 167]
        case 12: [125, 154, 158]
        default: [110, 111, 112]
        }
    }

    /// BEFORE_WITH, BEFORE_ASYNC_WITH.
    var entering: Set<UInt8> { minor <= 12 ? [52, 53] : [1, 2] }

    /// KW_NAMES; from 3.13 on names are constants.
    func isNaming(_ opcode: UInt8) -> Bool { minor <= 12 && opcode == 172 }
}
