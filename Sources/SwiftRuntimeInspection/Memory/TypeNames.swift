internal import ProcessInspection

/// Names of the types of heap objects, from their metadata.
///
/// Layout: include/swift/ABI/Metadata.h, 64-bit, without Objective-C interoperation: class metadata has
/// its descriptor at +0x28; a descriptor has flags at +0, its parent's and name's relative pointers at +4 and +8.
final class TypeNames {
    private let memory: any MemoryReader
    private let mappings: [MemoryMapping]
    /// Answers by metadata: a process has few classes and many objects.
    private var known: [UInt64: String?] = [:]
    private var modules: [UInt64: String] = [:]

    init(memory: any MemoryReader, mappings: [MemoryMapping]) {
        self.memory = memory
        self.mappings = mappings
    }

    /// Name of the object's class, such as `NIOPosix.SelectableEventLoop` or `Pages.Fetcher`; nil when it is no
    /// instance of a Swift class as far as its first word tells.
    func ofObject(at address: UInt64) -> String? {
        guard address != 0, address & 7 == 0, let metadata = memory.word(address) else { return nil }
        return ofClass(metadata: metadata)
    }

    func ofClass(metadata: UInt64) -> String? {
        if let answer = known[metadata] { return answer }
        let answer = readClass(metadata)
        if known.count < 100_000 { known[metadata] = .some(answer) }
        return answer
    }

    private func readClass(_ metadata: UInt64) -> String? {
        // Metadata kinds below 0x800 are not classes: MetadataKind.def; in a class the word is a pointer or 0.
        guard metadata & 7 == 0, metadata >= 0x10000, let kind = memory.word(metadata), kind == 0 || kind > 0x7ff,
            let descriptor = memory.word(metadata &+ 0x28), isConstant(descriptor)
        else { return nil }
        return name(descriptor: descriptor)
    }

    /// Descriptor flags of an object's class (ContextDescriptorFlags); nil as for `ofObject`.
    func classFlags(ofObject address: UInt64) -> UInt32? {
        guard address & 7 == 0, let metadata = memory.word(address), metadata & 7 == 0, metadata >= 0x10000,
            let descriptor = memory.word(metadata &+ 0x28), isConstant(descriptor), let flags = memory.half(descriptor),
            flags & 0x1f == 16
        else { return nil }
        return flags
    }

    private func isConstant(_ address: UInt64) -> Bool {
        address & 3 == 0 && mappings.containing(address)?.isFile == true
    }

    /// Qualified by the types it is nested in, without its module.
    func name(descriptor: UInt64) -> String? {
        var names: [String] = []
        var next: UInt64? = descriptor
        for _ in 0..<8 {
            guard let here = next, isConstant(here), let flags = memory.half(here) else { break }
            switch flags & 0x1f {  // ContextDescriptorKind, MetadataValues.h
            case 16, 17, 18:  // class, struct, enum
                guard let at = memory.relative(here &+ 8), let name = try? memory.string(at: at, limit: 256),
                    Self.isIdentifier(name)
                else { return nil }
                names.append(name)
            case 1, 2: break  // extension, anonymous: look through them
            default: return names.isEmpty ? nil : names.reversed().joined(separator: ".")
            }
            next = parent(of: here)
        }
        return names.isEmpty ? nil : names.reversed().joined(separator: ".")
    }

    /// Bytes of an object's class without what is allocated behind its fields (class metadata, +0x18); nil as for `ofObject`.
    func instanceSize(ofObject address: UInt64) -> Int? {
        guard let metadata = memory.word(address), ofClass(metadata: metadata) != nil else { return nil }
        return memory.half(metadata &+ 0x18).map(Int.init)
    }

    /// The module that an object's class was written in; nil as for `ofObject`.
    func module(ofObject address: UInt64) -> String? {
        guard let metadata = memory.word(address), ofClass(metadata: metadata) != nil, var here = memory.word(metadata &+ 0x28) else { return nil }
        if let answer = modules[metadata] { return answer }
        for _ in 0..<8 {
            guard isConstant(here), let flags = memory.half(here) else { return nil }
            if flags & 0x1f == 0, let at = memory.relative(here &+ 8), let name = try? memory.string(at: at, limit: 256), Self.isIdentifier(name) {
                if modules.count < 100_000 { modules[metadata] = name }
                return name
            }
            guard let next = parent(of: here) else { return nil }
            here = next
        }
        return nil
    }

    /// The words of an object by way of which whoever has it may come to something: what a thread of Foundation's was begun with, {function, context}, it calls itself, once
    /// (swift-corelibs-foundation, Thread.swift: `_main`).
    func leading(_ words: [UInt64], ofObject address: UInt64, program: Range<UInt64>) -> [UInt64] {
        guard words.contains(where: program.contains), ofObject(at: address) == "Thread", module(ofObject: address) == "Foundation" else { return words }
        return words.indices.filter { !program.contains(words[$0]) && ($0 == 0 || !program.contains(words[$0 - 1])) }.map { words[$0] }
    }

    private func parent(of descriptor: UInt64) -> UInt64? {
        guard let offset = try? memory.load(Int32.self, at: descriptor &+ 4), offset != 0 else { return nil }
        let address = descriptor &+ 4 &+ UInt64(bitPattern: Int64(offset & ~1))
        // The lowest bit says that the pointer is reached through another one.
        return offset & 1 == 1 ? memory.word(address) : address
    }

    private static func isIdentifier(_ name: String) -> Bool {
        !name.isEmpty && name.count < 200 && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && $0.value != 0xfffd }
    }
}
