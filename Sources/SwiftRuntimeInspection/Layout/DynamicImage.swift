package import ProcessInspection

/// A loaded ELF image, read from the process's memory: its dynamic symbols and relocations.
///
/// Works without the file, so in containers, for deleted libraries and on recorded memory.
/// Structures: elf(5). Every count comes from the target and is bounded here.
package struct DynamicImage: Sendable {
    package let base: UInt64
    /// What is added to an address in the file.
    package let bias: UInt64
    /// Lowest and highest address of its segments.
    package let range: Range<UInt64>
    private let memory: any MemoryReader
    private var entries: [UInt64: UInt64] = [:]

    private static let maximumSymbols = 1 << 20

    /// - Parameter base: where the first byte of the file is mapped. Nil when no ELF image lies there.
    package init?(at base: UInt64, memory: any MemoryReader) {
        self.base = base
        self.memory = memory
        guard let header = try? memory.array(of: UInt64.self, at: base, count: 8),
            header[0] & 0xffff_ffff == 0x464c_457f,  // "\u{7f}ELF"
            header[0] >> 32 & 0xff == 2,  // ELFCLASS64
            let headerSizes = try? memory.load(UInt64.self, at: base &+ 0x34)
        else { return nil }
        let entrySize = headerSizes >> 16 & 0xffff
        let count = headerSizes >> 32 & 0xffff
        guard entrySize >= 56, count <= 256 else { return nil }
        var lowest = UInt64.max
        var highest: UInt64 = 0
        var dynamic: UInt64?
        for index in 0..<count {
            guard let words = try? memory.array(of: UInt64.self, at: base &+ header[4] &+ index * entrySize, count: 7)
            else { return nil }
            switch words[0] & 0xffff_ffff {
            case 1:  // PT_LOAD
                lowest = min(lowest, words[2] & ~0xfff)
                highest = max(highest, words[2] &+ words[5])
            case 2: dynamic = words[2]  // PT_DYNAMIC
            default: break
            }
        }
        guard lowest < highest, let dynamic else { return nil }
        bias = base &- lowest
        guard base <= base &+ (highest - lowest) else { return nil }
        range = base..<base &+ (highest - lowest)
        for index in 0..<UInt64(512) {
            guard let pair = try? memory.array(of: UInt64.self, at: bias &+ dynamic &+ index * 16, count: 2) else { break }
            if pair[0] == 0 { break }
            entries[pair[0]] = pair[1]
        }
    }

    /// The value of a dynamic entry that is an address: glibc stores some relocated, others not.
    private func address(_ tag: UInt64) -> UInt64? {
        entries[tag].map { range.contains($0) ? $0 : $0 &+ bias }
    }

    /// Addresses of the symbols asked for, as far as the image defines them.
    package func symbols(_ names: Set<String>) -> [String: UInt64] {
        guard let table = address(6), let strings = address(5),  // DT_SYMTAB, DT_STRTAB
            let count = symbolCount(), count <= Self.maximumSymbols,
            let raw = try? memory.bytes(at: table, upTo: count * 24),
            let text = try? memory.bytes(at: strings, upTo: Int(min(entries[10] ?? 0, 64 << 20)))  // DT_STRSZ
        else { return [:] }
        let wanted = Dictionary(names.map { (Array($0.utf8), $0) }, uniquingKeysWith: { first, _ in first })
        let prefixes = Set(wanted.keys.compactMap(\.first))
        var found: [String: UInt64] = [:]
        raw.withUnsafeBytes { raw in
            for index in 0..<raw.count / 24 {
                let name = Int(raw.loadUnaligned(fromByteOffset: index * 24, as: UInt32.self))
                guard name < text.count, prefixes.contains(text[name]) else { continue }
                let value = raw.loadUnaligned(fromByteOffset: index * 24 + 8, as: UInt64.self)
                guard value != 0 else { continue }
                let bytes = Array(text[name...].prefix(256).prefix { $0 != 0 })
                if let name = wanted[bytes] { found[name] = value &+ bias }
            }
        }
        return found
    }

    /// Number of dynamic symbols, from DT_HASH or by walking DT_GNU_HASH.
    private func symbolCount() -> Int? {
        if let hash = address(4), let counts = try? memory.array(of: UInt32.self, at: hash, count: 2) {
            return Int(counts[1])
        }
        guard let hash = address(0x6fff_fef5),  // DT_GNU_HASH
            let header = try? memory.array(of: UInt32.self, at: hash, count: 4)
        else { return nil }
        let buckets = Int(header[0])
        guard buckets > 0, buckets <= Self.maximumSymbols, Int(header[2]) <= Self.maximumSymbols else { return nil }
        let bucketsAt = hash &+ 16 &+ UInt64(header[2]) * 8
        guard let table = try? memory.array(of: UInt32.self, at: bucketsAt, count: buckets), let last = table.max(),
            last >= header[1]
        else { return nil }
        var index = UInt64(last)
        let chains = bucketsAt &+ UInt64(buckets) * 4
        while index < Self.maximumSymbols {
            guard let value = try? memory.load(UInt32.self, at: chains &+ (index - UInt64(header[1])) * 4) else { return nil }
            index += 1
            if value & 1 == 1 { return Int(index) }
        }
        return nil
    }

    /// The image's thread-local module number, from the slot of its first R_X86_64_DTPMOD64 relocation.
    package func threadLocalModule() -> UInt64? {
        guard let table = address(7), let size = entries[8], size <= 256 << 20,  // DT_RELA, DT_RELASZ
            let raw = try? memory.bytes(at: table, upTo: Int(min(size, 64 << 20)))
        else { return nil }
        let slot: UInt64? = raw.withUnsafeBytes { raw in
            for index in 0..<raw.count / 24 {
                // R_X86_64_DTPMOD64 is 16: x86-64 psABI, table 4.9.
                if raw.loadUnaligned(fromByteOffset: index * 24 + 8, as: UInt64.self) & 0xffff_ffff == 16 {
                    return raw.loadUnaligned(fromByteOffset: index * 24, as: UInt64.self)
                }
            }
            return nil
        }
        guard let slot, let module = try? memory.load(UInt64.self, at: slot &+ bias), module > 0, module < 1 << 16 else {
            return nil
        }
        return module
    }
}
