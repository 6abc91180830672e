internal import Evidence

/// Who of a program lets threads go on that wait at an object.
extension CodeReach {
    struct SignalSite {
        var function: UInt64
        var name: String
        var operand: SignalOperand
        /// Lets all go on who wait there.
        var isForAll: Bool { name.contains("broadcast") || name.contains("notify_all") }
    }

    /// The places at which the program signals, of the functions that it comes to from its beginning on; nil where not all could be read.
    ///
    /// - Parameter besides: functions that are not come to.
    func signalSites(besides left: Set<UInt64> = [], like wanted: [String]) -> [SignalSite]? {
        guard let module = modules.modules.first, let linked = module.image.address(ofSymbol: "main") else { return nil }
        let main = linked &+ module.bias
        guard !left.contains(main) else { return nil }
        var search = Search(seen: left.union([main]), queue: [main], readsTables: true)
        run(&search)
        if search.shortfall?.hasPrefix(Self.throughPointers) == true {
            // What is called so was named in code that was read, or lies in the program's data.
            search.shortfall = nil
            for target in functionsInData(of: module) { visit(target, &search) }
            run(&search)
        }
        guard !isLate, search.shortfall.map({ $0.hasPrefix(Self.throughPointers) }) ?? true, search.releases.isDisjoint(with: ["dlopen", "dlsym"]) else { return nil }
        return search.seen.subtracting(left).compactMap { function(at: $0) }.flatMap { sites(in: $0, $0.instructions[...], like: wanted) }
    }

    private static let throughPointers = "it calls through pointers"

    func sites(in code: FunctionCode, _ instructions: ArraySlice<Instruction>, like wanted: [String]) -> [SignalSite] {
        instructions.compactMap { call in
            guard let name = importedName(of: call), Releasing.isSignal(name), wanted.contains(where: { name.contains($0) }) else { return nil }
            return SignalSite(function: code.range.lowerBound, name: name, operand: operand(of: call, in: code))
        }
    }

    /// Those that a thread can come to itself from where it stands.
    func sites(aheadOf stack: [Frame], like wanted: [String]) -> [SignalSite] {
        let frames = stack.filter { !$0.isInlined && !$0.isAsync }.map(\.programCounter)
        let own = frames.filter(isProgram).compactMap { address in function(ofFrameAt: address).map { ($0, $0.remaining(from: address)) } }
        let called = search(from: frames).seen.compactMap { function(at: $0) }.map { ($0, $0.instructions[...]) }
        return (own + called).flatMap { sites(in: $0, $1, like: wanted) }
    }

    /// Those that a thread comes past in each round before it comes to its wait.
    ///
    /// - Parameter asLoops: count loops for what is in them, as `FunctionCode.passed` does.
    func sites(before stack: [Frame], asLoops: Bool, like wanted: [String]) -> [SignalSite] {
        var found: [SignalSite] = []
        for (row, frame) in program(stack).enumerated() {
            guard let code = function(ofFrameAt: frame.programCounter), let call = code.instructions.first(where: { $0.next == frame.programCounter }),
                let cycle = code.cycle(through: call.address, ends: doesNotReturn)
            else { return [] }
            let isRound = !cycle.isEmpty && (row > 0 || doesMore(cycle, than: call))
            let calls = (isRound ? cycle : code.instructions).filter { isCall($0) && $0.address != call.address }
            let passed = code.passed(before: call.address, among: calls, asLoops: asLoops, ends: doesNotReturn)
            found += sites(in: code, passed[...], like: wanted) + passed.flatMap { sites(within: $0, like: wanted) }
            if isRound { return found }
        }
        return []
    }

    /// Those that a call leads to within the program.
    private func sites(within call: Instruction, like wanted: [String]) -> [SignalSite] {
        guard case .call(let target) = call.kind, slot(ofStubAt: target) == nil else { return [] }
        var search = Search(seen: [target], queue: [target])
        run(&search)
        return search.seen.compactMap { function(at: $0) }.flatMap { sites(in: $0, $0.instructions[...], like: wanted) }
    }

    private static let data_bytes: UInt64 = 1 << 20

    /// Functions to which a word of the program's data leads.
    private func functionsInData(of module: ModuleTable.Module) -> Set<UInt64> {
        var found: Set<UInt64> = []
        for map in module.mappings where !map.isExecutable && map.isReadable {
            guard let bytes = try? memory.bytes(at: map.start, upTo: Int(min(map.end - map.start, Self.data_bytes))) else { continue }
            bytes.withUnsafeBytes { bytes in
                for place in stride(from: 0, to: bytes.count - 7, by: 8) {
                    let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                    guard module.mappings.contains(where: { $0.isExecutable && $0.start <= word && word < $0.end }) else { continue }
                    if module.image.extent(ofFunctionAt: word &- module.bias)?.range.lowerBound == word &- module.bias { found.insert(word) }
                }
            }
        }
        return found
    }
}
