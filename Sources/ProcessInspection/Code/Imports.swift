/// The functions of other files that a module of a process refers to, by the slots through which it calls them (ELF's relocations of type
/// R_X86_64_JUMP_SLOT and R_X86_64_GLOB_DAT), whether the dynamic linker has filled them in yet or not.
struct Imports {
    private(set) var names: [UInt64: String] = [:]

    /// elf(5): sizes and tags.
    private static let entryLimit: UInt64 = 20_000

    init(_ module: ModuleTable.Module, memory: any MemoryReader) {
        func word(_ address: UInt64) -> UInt64? { try? memory.load(UInt64.self, at: address) }
        let base = module.start
        guard (try? memory.load(UInt32.self, at: base)) == 0x464c_457f, let place = word(base &+ 32), let count = try? memory.load(UInt16.self, at: base &+ 56), count <= 64 else { return }
        var tags: [UInt64: UInt64] = [:]
        for index in 0..<UInt64(count) {
            let header = base &+ place &+ index &* 56
            guard (try? memory.load(UInt32.self, at: header)) == 2, let address = word(header &+ 16) else { continue }
            for row in 0..<256 {
                guard let tag = word(address &+ module.bias &+ UInt64(row) &* 16), tag != 0, let value = word(address &+ module.bias &+ UInt64(row) &* 16 &+ 8) else { break }
                tags[tag] = value
            }
        }
        // The dynamic linker has made addresses of them; where it has not, they are as linked.
        func located(_ tag: UInt64) -> UInt64? { tags[tag].map { $0 < module.start ? $0 &+ module.bias : $0 } }
        guard let symbols = located(6), let strings = located(5) else { return }
        for (table, size) in [(located(23), tags[2]), (located(7), tags[8])] {
            guard let table, let size else { continue }
            for row in 0..<min(size / 24, Self.entryLimit) {
                let entry = table &+ row &* 24
                guard let info = word(entry &+ 8), [6, 7].contains(info & 0xffff_ffff), let slot = word(entry),
                    let name = try? memory.load(UInt32.self, at: symbols &+ (info >> 32) &* 24), let text = string(strings &+ UInt64(name), memory)
                else { continue }
                names[slot &+ module.bias] = text
            }
        }
    }

    /// At most 1 KiB.
    private func string(_ address: UInt64, _ memory: any MemoryReader) -> String? {
        guard let bytes = try? memory.bytes(at: address, upTo: 1024), let end = bytes.firstIndex(of: 0) else { return nil }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
