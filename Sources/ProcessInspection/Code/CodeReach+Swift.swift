package import Evidence

/// Swift's code: closures and async functions are reached by way of memory and of records.
extension CodeReach {
    /// Functions of Swift that a task or thread can come to and that let others go on.
    ///
    /// - Parameters:
    ///   - frames: as for `releases(from:)`, of a task's async frames as well.
    ///   - held: addresses within the program's file that lie in memory which it can come to: closures are called by way of those; and metadata of objects' classes.
    ///   - met: classes of which others may bring objects; all that were met by now, afterwards.
    package func releases(fromSwift frames: [UInt64], held: some Sequence<UInt64>, met: inout Set<UInt64>?) -> Observed<[String]> {
        guard let classes = swiftClasses else { return .unavailable(reason: "the program's classes are not known") }
        var search = Search(readsTables: true, classes: classes, met: met)
        defer { met = search.met }
        for address in frames where isProgram(address) && !isOfSwift(address) {
            guard let code = function(ofFrameAt: address) else {
                search.shortfall = "the code at its stack could not be read"
                continue
            }
            let rest = code.reached(from: address, ends: doesNotReturn)?[...] ?? code.remaining(from: address)
            look(through: rest, of: code, &search)
            // Nobody comes back to the functions outside of one that goes round for ever.
            if !rest.contains(where: { mayReturn($0, code) }) { break }
        }
        for place in held { self.held(place, &search) }
        run(&search)
        return search.shortfall.map { .partial(search.releases.sorted(), reason: $0) } ?? .complete(search.releases.sorted())
    }

    /// Whether an address is that of the function that a frame is in, or of one that only passes it what its closure has captured.
    package func begins(_ place: UInt64, _ frame: UInt64) -> Bool {
        guard let begun = function(ofFrameAt: frame), let code = function(at: place), code.range.lowerBound == place else { return false }
        return begun.range == code.range || code.symbol.hasSuffix("TA") && code.instructions.contains { [.call(begun.range.lowerBound), .jump(begun.range.lowerBound)].contains($0.kind) }
    }

    /// Whether a function makes one object that it waits for, and closures that are to end such a wait.
    ///
    /// - Parameters:
    ///   - frame: where the function goes on.
    ///   - maker: a part of the name of what makes the object.
    ///   - signal: a part of the name of what ends the wait.
    package func handsOut(_ frame: UInt64, _ maker: String, endedBy signal: String) -> Bool {
        guard let code = function(ofFrameAt: frame), let classes = swiftClasses, code.instructions.count(where: { importedName(of: $0)?.contains(maker) == true }) == 1 else { return false }
        var search = Search(classes: classes, met: [])
        search.stopsAtSignal = true
        search.wanted = signal
        for instruction in code.instructions where instruction.takesAddress { if let place = instruction.reference, !code.range.contains(place) { enter(place, &search) } }
        run(&search)
        return search.signal != nil
    }

    /// Whether a thread's own functions may all return; false where one of them goes round for ever.
    ///
    /// - Parameter frames: program counters, innermost first.
    package func mayReturn(from frames: [UInt64]) -> Bool {
        frames.filter { isProgram($0) && !isOfSwift($0) }.allSatisfy { address in
            guard let code = function(ofFrameAt: address) else { return true }
            return code.remaining(from: address).contains { mayReturn($0, code) }
        }
    }

    private func mayReturn(_ instruction: Instruction, _ code: FunctionCode) -> Bool {
        switch instruction.kind {
        case .end: bytes(of: instruction) != [0x0f, 0x0b] // UD2: the program is stopped.
        case .jump(let target), .branch(let target): !code.range.contains(target)
        case .jumpThrough: true
        case .indirectJump: !code.isSwitch(instruction)
        default: false
        }
    }

    /// Where the C library begins the program lies on the main thread's stack, and is no closure.
    func isBeginning(_ place: UInt64) -> Bool {
        modules.module(at: place).flatMap { $0.image.extent(ofFunctionAt: place &- $0.bias) }.map { ["main", "_start"].contains($0.symbol) } ?? false
    }

    /// A function, or the record by which an async one is called: {offset of the function from here, size of its frame}.
    func enter(_ place: UInt64, _ search: inout Search) {
        if let module = modules.module(at: place), module.mappings.contains(where: { $0.isExecutable && $0.start <= place && place < $0.end }) {
            if module.image.extent(ofFunctionAt: place &- module.bias)?.range.lowerBound == place &- module.bias { visit(place, &search) }
        } else if let target = asyncFunction(place) {
            visit(target, &search)
        } else {
            table(at: place, &search)
        }
    }

    func asyncFunction(_ place: UInt64) -> UInt64? {
        guard place & 3 == 0, let module = modules.module(at: place), let offset = try? memory.load(Int32.self, at: place), offset != 0 else { return nil }
        let target = place &+ UInt64(bitPattern: Int64(offset))
        guard module.start <= target, target < module.end else { return nil }
        return module.image.extent(ofFunctionAt: target &- module.bias)?.range.lowerBound == target &- module.bias ? target : nil
    }
}
