internal import Evidence

/// Methods of Java classes: their names, files and lines.
final class JavaMethods {
    private let memory: TargetMemory
    private let classes: JavaClasses
    private let constMethod, pool, nameIndex, codeSize, flags, headerSize: UInt64
    private let hasLines: UInt16
    /// How this version packs numbers: see `PackedStream`.
    let packsWithoutZero: Bool
    private var known: [UInt64: Method?] = [:]

    struct Method {
        var className: String
        var name: String
        var file: String?
        var isPlatform: Bool
        var code: UInt64
        var codeSize: UInt64
        var hasLines: Bool

        var fullName: String { "\(className).\(name)" }
    }

    init(_ tables: HotSpotTables, _ memory: TargetMemory, _ classes: JavaClasses) throws(HotSpotAbsence) {
        self.memory = memory
        self.classes = classes
        constMethod = try tables.offset("Method::_constMethod")
        pool = try tables.offset("ConstMethod::_constants")
        nameIndex = try tables.offset("ConstMethod::_name_index")
        codeSize = try tables.offset("ConstMethod::_code_size")
        flags = try tables.offset("ConstMethod::_flags", "ConstMethod::_flags._flags")
        headerSize = try tables.size("ConstMethod")
        hasLines = UInt16(truncatingIfNeeded: tables.constants["ConstMethod::_has_linenumber_table"] ?? tables.constants["ConstMethodFlags::_misc_has_linenumber_table"] ?? 1)
        // JDK 20 changed the packing of numbers, JDK 21 that of fields, which is what the tables show.
        packsWithoutZero = tables.fields["InstanceKlass::_fieldinfo_stream"] != nil
    }

    /// Nil when no method lies there.
    func method(_ address: UInt64) -> Method? {
        if let known = known[address] { return known }
        let method = read(address)
        known[address] = .some(method)
        return method
    }

    private func read(_ address: UInt64) -> Method? {
        guard address & 7 == 0, let const = memory.pointer(address &+ constMethod), let pool = memory.pointer(const &+ pool),
            let holder = classes.holder(ofPool: pool), let className = classes.name(holder),
            let index = memory.load(UInt16.self, at: const &+ nameIndex), let name = classes.text(pool, index),
            let size = memory.load(UInt16.self, at: const &+ codeSize), let flags = memory.load(UInt16.self, at: const &+ flags)
        else { return nil }
        return Method(
            className: className, name: name, file: classes.sourceFile(ofPool: pool), isPlatform: classes.isPlatform(holder),
            code: const &+ headerSize, codeSize: UInt64(size), hasLines: flags & hasLines != 0)
    }

    /// Longest line table looked through: a method has at most 65535 bytes of code.
    private static let tableLimit = 65_536

    /// The source line of an index into the method's code: share/code/compressedStream.cpp, CompressedLineNumberReadStream.
    func line(_ method: Method, at index: UInt64) -> Int? {
        guard method.hasLines, index < method.codeSize else { return nil }
        let start = method.code &+ method.codeSize
        // The table has no length: pages behind it are readable or not; read what is there in small steps.
        var size = 256
        while size <= Self.tableLimit, let bytes = memory.bytes(at: start, count: size) {
            if let found = Self.line(bytes, index, packsWithoutZero) { return found > 0 ? found : nil }
            size *= 4
        }
        return nil
    }

    /// 0: the table says nothing of it; nil: the bytes end before the table does.
    private static func line(_ bytes: [UInt8], _ wanted: UInt64, _ packsWithoutZero: Bool) -> Int? {
        var stream = PackedStream(bytes, excludesZero: packsWithoutZero)
        var index = 0
        var line = 0
        var best = 0
        while let next = stream.byte() {
            if next == 0 { return best }
            if next == 0xff {
                guard let more = stream.signed(), let lines = stream.signed() else { return nil }
                index &+= Int(more)
                line &+= Int(lines)
            } else {
                index &+= Int(next >> 3)
                line &+= Int(next & 7)
            }
            // Entries are in the order of the code for all that javac writes.
            if index >= 0, UInt64(index) <= wanted { best = line }
        }
        return nil
    }
}
