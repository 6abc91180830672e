/// A loop that only looks: what a round does depends on nothing but memory that it does not write, so that it goes on until somebody else
/// changes that. Locals on the stack, and a lock that it tries to take again and again, count as nothing.
struct SpinLoop {
    /// The fixed places that it reads.
    private(set) var places: Set<UInt64> = []
    /// Whether it reads others too, such as fields of an object.
    private(set) var readsElsewhere = false

    /// Whether a round can be the last one: a branch leads out of the loop, or its last instruction only branches back.
    let mayEnd: Bool
    /// Whether it reads memory at all, other than its own locals.
    var looks: Bool { readsElsewhere || !places.isEmpty }

    /// What an instruction reads or writes that the next round could find changed.
    private enum Location: Hashable {
        case register(UInt8)
        case slot(depth: Int, base: UInt8, displacement: Int32)
    }
    private var written: Set<Location> = []
    /// Read before anything was written to it in the same round.
    private var carried: Set<Location> = []
    /// Fixed addresses that registers and locals hold.
    private var addresses: [Location: UInt64] = [:]
    private var count = 0

    private static let instructionLimit = 400
    private static let depthLimit = 3
    private static let stack: UInt8 = 4, frame: UInt8 = 5

    /// Whether it reads a local whose address another function was given.
    func readsShared(_ locals: Set<LookOperation.Operand>) -> Bool {
        carried.contains { location in
            guard case .slot(0, let base, let displacement) = location else { return false }
            return locals.contains(.memory(base: base, index: nil, displacement: displacement, isAddressOnly: true))
        }
    }

    /// nil where a round may do anything else.
    ///
    /// - Parameter inlined: the code of a function that is called; nil where it is not known. Empty where the call only gives the processor away.
    init?(_ instructions: ArraySlice<Instruction>, bytes: (Instruction) -> [UInt8]?, inlined: (Instruction) -> [Instruction]?) {
        mayEnd = instructions.contains { instruction in
            guard case .branch(let target) = instruction.kind, let first = instructions.first, let last = instructions.last else { return false }
            return instruction.address == last.address || !(first.address...last.address).contains(target)
        }
        guard add(instructions, 0, bytes, inlined), carried.isDisjoint(with: written) else { return nil }
    }

    private mutating func add(_ instructions: ArraySlice<Instruction>, _ depth: Int, _ bytes: (Instruction) -> [UInt8]?, _ inlined: (Instruction) -> [Instruction]?) -> Bool {
        for instruction in instructions {
            count += 1
            guard count <= Self.instructionLimit else { return false }
            switch instruction.kind {
            case .jump(let target), .branch(let target): if depth > 0, target <= instruction.address { return false }
            case .call, .callThrough:
                guard depth < Self.depthLimit, let body = inlined(instruction), add(body[...], depth + 1, bytes, inlined) else { return false }
                write(.register(0))
            case .end: if depth == 0 { return false }
            case .other:
                guard let code = bytes(instruction), let operation = LookOperation(code, next: instruction.next), add(operation, depth) else { return false }
            case .indirectCall, .indirectJump, .jumpThrough, .systemCall: return false
            }
        }
        return true
    }

    private mutating func add(_ operation: LookOperation, _ depth: Int) -> Bool {
        for use in operation.reads { read(use, depth) }
        let source = operation.isMove ? operation.reads.first.flatMap { Self.location($0, depth) } : nil
        let address = operation.address ?? source.flatMap { addresses[$0] }
        for use in operation.writes {
            guard let target = Self.location(use, depth) else { return false }
            write(target)
            addresses[target] = address
        }
        return true
    }

    /// nil for places that others may look at.
    private static func location(_ use: LookOperation.Operand, _ depth: Int) -> Location? {
        switch use {
        case .register(let number): .register(number)
        case .memory(let base?, nil, let displacement, _) where base == stack || base == frame: .slot(depth: depth, base: base, displacement: displacement)
        case .memory, .place: nil
        }
    }

    private mutating func read(_ use: LookOperation.Operand, _ depth: Int) {
        if let location = Self.location(use, depth) { return read(location) }
        switch use {
        case .register: break
        case .place(let address): places.insert(address)
        case .memory(let base, let index, let displacement, let isAddressOnly):
            for register in [base, index].compactMap(\.self) { read(.register(register)) }
            if isAddressOnly { return }
            if let base, index == nil, let known = addresses[.register(base)] { places.insert(known &+ UInt64(bitPattern: Int64(displacement))) } else { readsElsewhere = true }
        }
    }

    private mutating func read(_ location: Location) {
        if case .register(let number) = location, number == Self.stack || number == Self.frame { return }
        if !written.contains(location) { carried.insert(location) }
    }

    private mutating func write(_ location: Location) {
        if case .register(let number) = location, number == Self.stack || number == Self.frame { return }
        written.insert(location)
    }
}
