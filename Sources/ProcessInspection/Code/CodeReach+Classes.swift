/// Of which classes code may have an object at hand whose methods it calls: those of objects in memory that it can come to, those that it refers to itself, and
/// those that what it refers to leads to.
extension CodeReach {
    private static let lineageLimit = 16
    private static let nameLimit = 256
    private static let variableSize: UInt64 = 4096

    /// What may be called by way of an object of any class that was met.
    func call(_ slot: SwiftClasses.Slot, _ classes: SwiftClasses, _ search: inout Search) {
        // Its own, or one that it has of its superclass.
        let own = slot.owner.map { owner in classes.foreign.values.filter { $0.methods[slot.offset]?.contains { $0.hasPrefix(owner) } == true } } ?? []
        if own.isEmpty {
            for descriptor in search.met ?? Set(classes.foreign.keys) { callForeign(slot, descriptor, classes, &search) }
        } else {
            for type in own { for method in type.methods[slot.offset] ?? [] where slot.owner.map(method.hasPrefix) == true { judge(method, in: type.path, &search) } }
        }
        guard slot.owner == nil else { return }
        for descriptor in search.met ?? Set(classes.own.keys) { callOwn(slot, descriptor, classes, &search) }
    }

    private func callForeign(_ slot: SwiftClasses.Slot, _ descriptor: UInt64, _ classes: SwiftClasses, _ search: inout Search) {
        guard let type = classes.foreign[descriptor] else { return }
        for method in type.methods[slot.offset] ?? [] { judge(method, in: type.path, &search) }
    }

    private func callOwn(_ slot: SwiftClasses.Slot, _ descriptor: UInt64, _ classes: SwiftClasses, _ search: inout Search) {
        guard let type = classes.own[descriptor] else { return }
        for method in (type.methods[slot.offset] ?? []) + type.anywhere { enter(method, &search) }
    }

    /// An object of the class may be at hand from now on.
    func meet(_ descriptor: UInt64, _ search: inout Search) {
        guard let classes = search.classes, search.met?.insert(descriptor).inserted == true else { return }
        for slot in search.slots {
            callForeign(slot, descriptor, classes, &search)
            if slot.owner == nil { callOwn(slot, descriptor, classes, &search) }
        }
        for other in superclass(of: descriptor) { meet(other, &search) }
    }

    /// Whose metadata an address is of, with those of its superclasses: {kind +0, superclass +8, ..., descriptor +0x28}, swift/ABI/Metadata.h, TargetClassMetadata.
    func lineage(ofMetadata address: UInt64, _ classes: SwiftClasses) -> [UInt64] {
        var found: [UInt64] = []
        var next = address
        for _ in 0..<Self.lineageLimit {
            guard next & 7 == 0, next >= 0x10000, let kind = try? memory.load(UInt64.self, at: next), kind == 0 || kind > 0x7ff,
                let descriptor = try? memory.load(UInt64.self, at: next &+ 0x28), let superclass = try? memory.load(UInt64.self, at: next &+ 8)
            else { break }
            if classes.own[descriptor] != nil || classes.foreign[descriptor] != nil { found.append(descriptor) } else if found.isEmpty { break }
            next = superclass
        }
        return found
    }

    /// Functions of other files that have to do with a class may bring objects of it.
    func meet(named symbol: String, _ search: inout Search) {
        guard search.met != nil, let classes = search.classes, symbol.hasPrefix("$s") else { return }
        for (descriptor, type) in classes.foreign where symbol.contains(type.name) { meet(descriptor, &search) }
    }

    /// Data that code refers to: a class's metadata or descriptor, what becomes some type's metadata, or a variable that leads to objects.
    func look(forClassesAt place: UInt64, in module: ModuleTable.Module, _ search: inout Search) {
        guard search.met != nil, let classes = search.classes, search.looked.insert(place).inserted else { return }
        if classes.own[place] != nil || classes.foreign[place] != nil { meet(place, &search) }
        // Two words lie before what metadata is known by.
        for address in [place, place &+ 16] { for descriptor in lineage(ofMetadata: address, classes) { meet(descriptor, &search) } }
        guard place & 7 == 0, module.mappings.contains(where: { $0.isWritable && $0.start <= place && place < $0.end }), let word = try? memory.load(Int64.self, at: place) else { return }
        if word < 0 {
            // {offset of a type's name from here, its length negated}: IRGen's cache of metadata that was not asked for yet.
            for descriptor in types(namedAt: place &+ UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: word))), length: Int(clamping: -(word >> 32))) { meet(descriptor, &search) }
        }
        let extent = module.image.extent(ofObjectAt: place &- module.bias)
        // What the language itself keeps there: caches, metadata, tables (docs/ABI/Mangling.rst). Variables end with `vp` or `vpZ`.
        if let symbol = extent?.symbol, symbol.hasPrefix("$s"), !symbol.hasSuffix("vp"), !symbol.hasSuffix("vpZ"), !symbol.hasSuffix("WL") { return }
        let end = min(extent.map { $0.range.upperBound &+ module.bias } ?? place &+ 8, place &+ Self.variableSize)
        guard let led = ledFrom(place..<max(place, end)) else { return meetAll(&search) }
        for address in led { held(address, &search) }
    }

    /// An address that lies in memory which code can come to: a function, or the metadata of an object's class.
    func held(_ address: UInt64, _ search: inout Search) {
        let types = search.classes.map { lineage(ofMetadata: address, $0) } ?? []
        guard types.isEmpty else {
            for descriptor in types { meet(descriptor, &search) }
            return
        }
        if modules.module(at: address)?.start == modules.modules.first?.start, !isBeginning(address) { enter(address, &search) }
    }

    private func meetAll(_ search: inout Search) {
        guard let classes = search.classes, search.met != nil else { return }
        search.met = nil
        for slot in search.slots { call(slot, classes, &search) }
    }

    /// What a class's superclass is called, behind {flags, parent, name, accessor, fields} in its descriptor.
    private func superclass(of descriptor: UInt64) -> [UInt64] {
        guard let offset = try? memory.load(Int32.self, at: descriptor &+ 20), offset != 0 else { return [] }
        return types(namedAt: descriptor &+ 20 &+ UInt64(bitPattern: Int64(offset)), length: Self.nameLimit)
    }

    /// The types that a mangled name refers to by address: a byte of 1 (directly) or 2 (by way of a pointer), and how far away (docs/ABI/Mangling.rst, symbolic references).
    private func types(namedAt start: UInt64, length: Int) -> [UInt64] {
        guard let bytes = try? memory.bytes(at: start, upTo: min(length, Self.nameLimit)) else { return [] }
        var found: [UInt64] = []
        var row = 0
        while row < bytes.count, bytes[row] != 0 {
            guard bytes[row] < 0x20 else { row += 1; continue }
            guard row + 5 <= bytes.count else { break }
            let offset = Int32(bitPattern: (1...4).reduce(0) { $0 | UInt32(bytes[row + $1]) << UInt32(8 * ($1 - 1)) })
            let target = start &+ UInt64(row + 1) &+ UInt64(bitPattern: Int64(offset))
            if bytes[row] == 1 { found.append(target) } else if bytes[row] == 2, let descriptor = try? memory.load(UInt64.self, at: target) { found.append(descriptor) }
            row += 5
        }
        return found
    }
}
