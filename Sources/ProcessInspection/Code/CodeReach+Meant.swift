internal import Evidence

/// What code lets go on, and whom it could give anything.
extension CodeReach {
    /// How far before a call the address of what it is about is taken.
    private static let argumentLength = 8

    /// Whether the program, from its beginning on, signals an object by its address.
    func signals(_ object: UInt64) -> Bool {
        guard let module = modules.modules.first, let linked = module.image.address(ofSymbol: "main") else { return false }
        var search = Search(seen: [linked &+ module.bias], queue: [linked &+ module.bias], readsTables: true)
        run(&search)
        return search.objects.contains(object) && search.seen.contains { address in function(at: address).map { signals(object, $0) } ?? false }
    }

    /// The functions that take the address of something or read it by name, of those that the program comes to from its beginning on; nil where not all could be read.
    func functions(naming object: ClosedRange<UInt64>) -> [FunctionCode]? {
        guard let module = modules.modules.first, let linked = module.image.address(ofSymbol: "main") else { return nil }
        var search = Search(seen: [linked &+ module.bias], queue: [linked &+ module.bias], readsTables: true)
        run(&search)
        guard !isLate else { return nil }
        return search.seen.compactMap { function(at: $0) }.filter { code in code.instructions.contains { $0.reference.map(object.contains) == true } }
    }

    private func signals(_ object: UInt64, _ code: FunctionCode) -> Bool {
        code.instructions.indices.contains { row in
            guard let name = importedName(of: code.instructions[row]), Releasing.isSignal(name) else { return false }
            return code.instructions[max(0, row - Self.argumentLength)..<row].reversed().prefix { !isCall($0) }.contains { $0.takesAddress && $0.reference == object }
        }
    }

    /// The other file's function that a call leads to.
    func importedName(of call: Instruction) -> String? {
        var slot: UInt64?
        switch call.kind {
        case .call(let target), .jump(let target): slot = self.slot(ofStubAt: target)
        case .callThrough(let place), .jumpThrough(let place): slot = place
        default: return nil
        }
        return slot.flatMap { place in modules.module(at: place).flatMap { imports(of: $0).names[place] } }
    }

    /// Whether code that a thread can still come to may write to a descriptor other than those for output, close one, or send a signal; nil where
    /// that cannot be told.
    func feeds(from frames: [UInt64]) -> Bool? {
        let search = search(from: frames)
        guard search.shortfall == nil else { return nil }
        if search.imported.contains(where: Releasing.isFeeding) { return true }
        // A stream is only one on a pipe where the program makes such, and not one of those that it is started with.
        let makesStreams = modules.modules.contains { !Releasing.isLeaf($0.path) && imports(of: $0).names.values.contains { ["fdopen", "popen"].contains($0) } }
        guard makesStreams, search.imported.contains(where: Releasing.writesStreams) else { return false }
        let own = frames.filter(isProgram).compactMap { address in function(ofFrameAt: address)?.remaining(from: address) }
        return !(own + search.seen.compactMap { function(at: $0)?.instructions[...] }).allSatisfy(writesOutputOnly)
    }

    /// Whether each call that writes to a stream is given standard output or error output, which the program has by its own copy (R_X86_64_COPY) or by a slot.
    private func writesOutputOnly(_ code: ArraySlice<Instruction>) -> Bool {
        code.indices.allSatisfy { row in
            guard let name = importedName(of: code[row]), Releasing.writesStreams(name) else { return true }
            return code[max(code.startIndex, row - Self.argumentLength)..<row].reversed().prefix { !isCall($0) }.contains { $0.reference.map(isOutput) == true }
        }
    }

    private func isOutput(_ place: UInt64) -> Bool {
        guard let module = modules.module(at: place) else { return false }
        if let name = imports(of: module).names[place] { return ["stdout", "stderr"].contains(name) }
        return ["stdout", "stderr"].contains { name in module.image.address(ofSymbol: name).map { $0 &+ module.bias == place } == true }
    }
}
