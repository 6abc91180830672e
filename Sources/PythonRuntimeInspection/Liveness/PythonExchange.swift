internal import Evidence
internal import ProcessInspection

/// Who speaks first on a connection that the program reads from by itself, by the order in which its functions send and read.
final class PythonExchange {
    private let objects: PythonObjects
    private let uses: CodeUses
    private var modules: [UInt64: [String: [UInt64]]] = [:]
    /// By function: whether it sends.
    private var told: [UInt64: Bool] = [:]

    init(_ objects: PythonObjects, _ uses: CodeUses) { (self.objects, self.uses) = (objects, uses) }

    /// Files of the standard library by which a program reads from a connection, and that send nothing meanwhile.
    private static let transport = ["socket.py", "ssl.py", "selectors.py", "asyncio/streams.py", "multiprocessing/connection.py", "codecs.py"]
    /// And of aiohttp, those of its websockets.
    private static let websockets = ["aiohttp/streams.py", "aiohttp/client_ws.py", "aiohttp/web_ws.py"]
    private static let sending: Set<String> = ["send", "sendall", "sendto", "sendmsg", "send_bytes", "send_string", "send_json", "send_str", "send_text", "write", "writelines"]
    /// By which what comes in parts is put together.
    private static let assembling: Set<String> = [
        "len", "append", "extend", "join", "min", "max", "recv", "recv_into", "read", "readline", "readexactly", "readuntil", "decode", "find", "index", "startswith", "endswith", "split", "strip", "int", "bytes",
        "bytearray", "memoryview", "unpack", "unpack_from", "range", "time", "monotonic", "settimeout",
    ]
    private static let frameLimit = 16
    private static let functionLimit = 500

    /// - Parameter frames: of a thread or task that reads, innermost first.
    /// - Returns: see `CodeAhead.exchange`.
    func exchange(_ frames: [PythonFrame]) -> CodeAhead.Exchange? {
        var order = ExchangeOrder()
        for frame in frames.drop(while: isTransport).prefix(Self.frameLimit) {
            guard !frame.code.isOfLibrary else { break }
            let code = uses.instructions(of: frame.code)
            guard let standing = code.lastIndex(where: { $0.unit <= frame.offset }) else { break }
            let all = uses.calls(code, names: objects.names(of: frame.code), frame.globals)
            // The call in which it stands was loaded before. Of a loop's condition there may be two copies, before the loop and at its end.
            // A loop over what comes calls nothing by name.
            let own = all.last { $0.row <= standing }.flatMap { own in code[own.row...standing].contains { uses.opcodes.looping.contains($0.opcode) } ? nil : own }
            let copy = own.flatMap { own in all.last { $0.name == own.name && frame.code.lines.line(at: code[$0.row].unit) == frame.code.lines.line(at: code[own.row].unit) } }
            let row = min(standing + (copy?.row ?? 0) - (own?.row ?? 0), code.count - 1)
            let calls = Dictionary(all.filter { $0.row != copy?.row }.map { ($0.row, $0.name) }, uniquingKeysWith: { first, _ in first })
            order.add(uses.flow(code), at: row) { calls[$0].map { sends($0, frame.globals) ? .sends : Self.assembling.contains($0) ? .other : .handles } ?? .other }
            if order.isOver { break }
        }
        return order.exchange
    }

    private func isTransport(_ frame: PythonFrame) -> Bool {
        let files = frame.code.isLibrary ? Self.transport : frame.code.isOfLibrary ? Self.websockets : []
        return files.contains { frame.code.file.hasSuffix("/" + $0) }
    }

    /// Whether all that a thread can come to, and that no way leads out of, is to sleep again.
    func onlySleeps(_ frames: [PythonFrame]) -> Bool {
        guard let frame = frames.first, !frame.code.isOfLibrary, case let code = uses.instructions(of: frame.code), let row = code.lastIndex(where: { $0.unit <= frame.offset }) else { return false }
        let flow = uses.flow(code)
        let ahead = flow.reached(from: flow.successors[row])
        guard ahead.contains(row), ahead.allSatisfy({ !flow.successors[$0].isEmpty }) else { return false }
        let called = uses.calls(code, names: objects.names(of: frame.code), frame.globals).filter { ahead.contains($0.row) }.map(\.name)
        let opcodes = uses.opcodes
        let others = opcodes.handling.awaits.union(opcodes.iterating).union(opcodes.items)
        return called.allSatisfy { ["sleep", "time"].contains($0) } && functions("sleep", frame.globals).isEmpty
            && ahead.count { opcodes.calls.contains(code[$0].opcode) } == called.count { $0 == "sleep" }
            && ahead.allSatisfy { !others.contains(code[$0].opcode) && opcodes.kind(code[$0].opcode) != .store }
    }

    /// Whether a function of that name sends, or a function of the program that it calls.
    private func sends(_ name: String, _ globals: UInt64) -> Bool {
        if Self.sending.contains(name) { return true }
        return functions(name, globals).contains { function in
            if let told = told[function] { return told }
            // One that calls itself sends no more by that.
            told[function] = false
            // PyFunctionObject: func_globals 16, func_code 48.
            guard told.count < Self.functionLimit, let address = objects.word(function &+ 48), let code = PythonCode(address, objects), !code.isOfLibrary, let globals = objects.word(function &+ 16) else { return false }
            let found = uses.calls(uses.instructions(of: code), names: objects.names(of: code), globals).contains { sends($0.name, globals) }
            told[function] = found
            return found
        }
    }

    /// Functions of the module, and methods of its classes, that have a name.
    private func functions(_ name: String, _ globals: UInt64) -> [UInt64] {
        if let known = modules[globals] { return known[name] ?? [] }
        var read: [String: [UInt64]] = [:]
        for entry in objects.entries(of: globals) {
            guard let type = objects.type(of: entry.value) else { continue }
            if type.fullName == "function" { read[entry.name, default: []].append(entry.value) }
            // tp_dict 264.
            guard type.lineage.contains("type"), let members = objects.word(entry.value &+ 264) else { continue }
            for member in objects.entries(of: members) where objects.type(of: member.value)?.fullName == "function" { read[member.name, default: []].append(member.value) }
        }
        modules[globals] = read
        return read[name] ?? []
    }
}
