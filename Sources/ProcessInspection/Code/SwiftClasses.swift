/// The methods of a Swift program's own classes, by their place in what is called by way of an object: its class's metadata.
///
/// Layout: swift/ABI/MetadataValues.h and Metadata.h, TargetClassDescriptor, stable since Swift 5.
struct SwiftClasses {
    /// A class of the program's own file.
    struct Class {
        /// By offset in bytes from the class's metadata: functions, and records of async functions.
        fileprivate(set) var methods: [Int64: [UInt64]] = [:]
        /// Methods whose place only the runtime knows: those of a class whose superclass is another library's.
        fileprivate(set) var anywhere: [UInt64] = []
    }

    /// A class of another library that the program refers to.
    struct Foreign {
        var path: String
        /// As it stands in the names of functions that have to do with it: `10FileHandleC`.
        var name: Substring
        /// By offset, the names of its methods.
        fileprivate(set) var methods: [Int64: Set<String>] = [:]
    }

    /// By the addresses of their descriptors.
    private(set) var own: [UInt64: Class] = [:]
    private(set) var foreign: [UInt64: Foreign] = [:]

    private static let classLimit: UInt64 = 4000
    private static let methodLimit: UInt32 = 4000

    /// nil where a class could not be read.
    ///
    /// - Parameters:
    ///   - imports: what the program refers to of other files, by name.
    ///   - libraries: Swift's own.
    init?(of module: ModuleTable.Module, imports: some Sequence<String>, libraries: [ModuleTable.Module], memory: any MemoryReader) {
        guard let start = module.image.address(ofSymbol: "__start_swift5_type_metadata"), let stop = module.image.address(ofSymbol: "__stop_swift5_type_metadata"),
            start <= stop, stop - start < Self.classLimit * 4
        else { return nil }
        var offsets: [UInt64: Int64] = [:]
        var overrides: [Override] = []
        for place in stride(from: start &+ module.bias, to: stop &+ module.bias, by: 4) {
            // The low bits tell how the type is referred to: 0 for directly.
            guard let descriptor = Self.target(place, memory), descriptor & 3 == 0, let flags = Self.half(descriptor, memory) else { return nil }
            if flags & 0x1f == Self.kindClass, !read(descriptor, flags, memory, &offsets, &overrides) { return nil }
        }
        for name in Set(imports.compactMap(Self.descriptor)) { for library in libraries where !readForeign(name, library, memory) { return nil } }
        for override in overrides { if let offset = offsets[override.method] { own[override.owner]?.methods[offset, default: []].append(override.function) } }
    }

    private struct Override {
        var owner: UInt64
        var method: UInt64
        var function: UInt64
    }

    /// The symbol of a class's descriptor, from that of its descriptor, metadata, or the function that gives that.
    private static func descriptor(_ symbol: String) -> String? {
        guard symbol.hasPrefix("$s"), let suffix = ["CMn", "CMa", "CN"].first(where: { symbol.hasSuffix($0) }) else { return nil }
        return symbol.dropLast(suffix.count) + "CMn"
    }

    private mutating func readForeign(_ name: String, _ library: ModuleTable.Module, _ memory: any MemoryReader) -> Bool {
        guard let linked = library.image.address(ofSymbol: name) else { return true }
        var theirs = SwiftClasses()
        var offsets: [UInt64: Int64] = [:]
        var overrides: [Override] = []
        let descriptor = linked &+ library.bias
        guard let flags = Self.half(descriptor, memory), flags & 0x1f == Self.kindClass, theirs.read(descriptor, flags, memory, &offsets, &overrides) else { return false }
        // `$s10Foundation10FileHandleCMn`: the module's name comes first.
        let rest = name.dropFirst(2)
        let length = rest.prefix(while: \.isNumber)
        var found = Foreign(path: library.path, name: rest.dropFirst(length.count).dropFirst(Int(length) ?? 0).dropLast(2))
        for (offset, functions) in theirs.own[descriptor]?.methods ?? [:] {
            for function in functions {
                let symbol = library.image.extent(ofFunctionAt: function &- library.bias)?.symbol ?? "a method of \(name)"
                // Those of the class itself are not called by way of an object.
                if symbol.hasSuffix("Z") || symbol.hasSuffix("fC") { continue }
                found.methods[offset, default: []].insert(symbol)
            }
        }
        foreign[descriptor] = found
        return true
    }

    private init() {}

    // ContextDescriptorKind::Class; ContextDescriptorFlags; TypeContextDescriptorFlags, which are their upper half.
    private static let kindClass: UInt32 = 16
    private static let isGeneric: UInt32 = 0x80
    private static let hasVTable: UInt32 = 1 << 31
    private static let hasOverrides: UInt32 = 1 << 30
    private static let hasResilientSuperclass: UInt32 = 1 << 29
    /// Of a class descriptor without what follows it.
    private static let size: UInt64 = 44

    private mutating func read(
        _ descriptor: UInt64, _ flags: UInt32, _ memory: any MemoryReader, _ offsets: inout [UInt64: Int64], _ overrides: inout [Override]
    ) -> Bool {
        own[descriptor] = Class()
        var place = descriptor &+ Self.size
        if flags & Self.isGeneric != 0 {
            // Two references, then {parameters, requirements, key arguments, flags}; parameters of a byte each, requirements of twelve.
            guard let counts = Self.half(place &+ 8, memory), let more = Self.half(place &+ 12, memory), more >> 16 == 0 else { return false }
            place = place &+ 16 &+ UInt64((counts & 0xffff) + 3) & ~3 &+ UInt64(counts >> 16) &* 12
        }
        let isPlaced = flags & Self.hasResilientSuperclass == 0
        if !isPlaced { place = place &+ 4 }
        switch flags >> 16 & 3 {
        case 0: break
        case 1: place = place &+ 12
        default: return false
        }
        if flags & Self.hasVTable != 0 {
            guard let first = Self.half(place, memory), let count = Self.half(place &+ 4, memory), count < Self.methodLimit else { return false }
            place = place &+ 8
            for row in 0..<count {
                let offset = Int64(first &+ row) * 8
                if isPlaced { offsets[place] = offset }
                if let function = Self.target(place &+ 4, memory) {
                    if isPlaced { own[descriptor]?.methods[offset, default: []].append(function) } else { own[descriptor]?.anywhere.append(function) }
                }
                place = place &+ 8
            }
        }
        if flags & Self.hasOverrides != 0 {
            guard let count = Self.half(place, memory), count < Self.methodLimit else { return false }
            for row in 0..<UInt64(count) {
                let entry = place &+ 4 &+ row &* 12
                guard var method = Self.target(entry &+ 4, memory), let function = Self.target(entry &+ 8, memory) else { continue }
                if method & 1 != 0 { method = (try? memory.load(UInt64.self, at: method & ~1)) ?? 0 }
                overrides.append(Override(owner: descriptor, method: method, function: function))
            }
        }
        return true
    }

    private static func half(_ place: UInt64, _ memory: any MemoryReader) -> UInt32? { try? memory.load(UInt32.self, at: place) }

    /// What a reference relative to itself leads to; nil for none.
    private static func target(_ place: UInt64, _ memory: any MemoryReader) -> UInt64? {
        guard let offset = try? memory.load(Int32.self, at: place), offset != 0 else { return nil }
        return place &+ UInt64(bitPattern: Int64(offset))
    }

    // MARK: Calls

    /// A class's metadata has its members behind so many bytes of what the runtime wants to know: TargetClassMetadata, without Objective-C.
    private static let header: Int64 = 0x38

    struct Slot: Hashable {
        var offset: Int64
        /// Where the object comes from a function that tells its class: what the names of that class's methods begin with.
        var owner: String?
    }

    /// The places in classes' metadata from which code takes methods: by way of the first word of an object, wherever that is kept meanwhile.
    ///
    /// - Parameter called: the name of the function that an instruction calls.
    static func slots(loadedBy instructions: ArraySlice<Instruction>, of symbol: String, called: (Instruction) -> String?) -> Set<Slot> {
        // What an async function is resumed with begins with the context of its caller.
        let isResumed = symbol.hasSuffix("_") && (symbol.contains("TQ") || symbol.contains("TY"))
        var slots: Set<Slot> = []
        var owners = Owners()
        // Who comes from elsewhere may bring other objects.
        let targets = Set(instructions.compactMap { instruction -> UInt64? in
            switch instruction.kind {
            case .jump(let target), .branch(let target): target
            default: nil
            }
        })
        var registers: Set<UInt8> = []
        var kept: Set<Instruction.Move> = []
        for instruction in instructions {
            if targets.contains(instruction.address) { owners = Owners() }
            switch instruction.move {
            case .load(let to, let base, let offset):
                if registers.contains(base), offset >= header { slots.insert(Slot(offset: offset, owner: owners.ofMetadata[base])) }
                let isFirst = offset == 0 && base != stackPointer && base != framePointer && to != asyncContext && !(isResumed && base == asyncContext)
                if isFirst || kept.contains(.load(to: 0, base: base, offset: offset)) { registers.insert(to) } else { registers.remove(to) }
            case .store(let from, let base, let offset):
                if registers.contains(from) { kept.insert(.load(to: 0, base: base, offset: offset)) } else { kept.remove(.load(to: 0, base: base, offset: offset)) }
            case .copy(let from, let to):
                if registers.contains(from) { registers.insert(to) } else { registers.remove(to) }
            case nil: break
            }
            if let move = instruction.move { owners.follow(move) }
            switch instruction.kind {
            case .call, .callThrough, .indirectCall:
                registers.subtract(scratch)
                owners.forget(scratch, result: called(instruction).flatMap(Owners.owner))
            default: break
            }
        }
        return slots
    }

    // x86-64 psABI, 3.2.1, and the Swift calling convention's register for async contexts.
    private static let stackPointer: UInt8 = 4
    private static let framePointer: UInt8 = 5
    private static let asyncContext: UInt8 = 14
    private static let scratch: Set<UInt8> = [0, 1, 2, 6, 7, 8, 9, 10, 11]
}
