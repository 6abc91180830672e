internal import ProcessInspection

/// Reads Python objects in another process's memory. Everything is untrusted: a type object is believed only
/// when its own type leads to `type`, and every length is bounded.
final class PythonObjects {
    let memory: any MemoryReader
    let layout: PythonLayout
    private var types: [UInt64: PythonType?] = [:]
    private var strings: [UInt64: String] = [:]

    static let stringLimit = 512
    static let itemLimit = 4096

    init(memory: any MemoryReader, layout: PythonLayout) {
        self.memory = memory
        self.layout = layout
    }

    func word(_ address: UInt64) -> UInt64? { try? memory.load(UInt64.self, at: address) }
    func half(_ address: UInt64) -> UInt32? { try? memory.load(UInt32.self, at: address) }
    func byte(_ address: UInt64) -> UInt8? { try? memory.load(UInt8.self, at: address) }

    /// Whether a word can be a pointer to an object at all.
    static func isPlausible(_ address: UInt64) -> Bool { address >= 0x1000 && address < 1 << 47 && address % 8 == 0 }

    /// The type of a live object; nil for what is none, or was freed.
    func type(of object: UInt64) -> PythonType? {
        guard Self.isPlausible(object), let count = word(object), count != 0, count < 1 << 33, let address = word(object &+ 8) else { return nil }
        return type(at: address)
    }

    func type(at address: UInt64) -> PythonType? {
        if let known = types[address] { return known }
        let read = readType(address)
        types[address] = .some(read)
        return read
    }

    private func readType(_ address: UInt64) -> PythonType? {
        // PyTypeObject: tp_name 24, tp_basicsize 32, tp_flags 168, tp_dict 264, tp_dictoffset 288, tp_mro 344.
        guard Self.isPlausible(address), isType(address), let flags = word(address &+ 168),
            let pointer = word(address &+ 24), let raw = try? memory.string(at: pointer, limit: 200), !raw.isEmpty,
            let size = word(address &+ 32), size >= 16, size < 1 << 20
        else { return nil }
        let parts = raw.split(separator: ".")
        let name = parts.last.map(String.init) ?? raw
        let isHeapType = flags & 1 << 9 != 0
        var module = parts.dropLast().joined(separator: ".")
        if module.isEmpty, let dictionary = word(address &+ 264), let value = item(named: "__module__", of: dictionary) { module = string(value) ?? "" }
        var type = PythonType(
            address: address, name: name, module: module, flags: flags, basicSize: Int(size),
            cachedKeys: isHeapType ? word(address &+ layout.cachedKeys) ?? 0 : 0,
            dictionaryOffset: Int64(bitPattern: word(address &+ 288) ?? 0), lineage: [module.isEmpty ? name : "\(module).\(name)"])
        // Its own entry first, so that a circle of bases ends.
        types[address] = .some(type)
        for base in tuple(word(address &+ 344) ?? 0).dropFirst().prefix(16) where base != address {
            if let known = self.type(at: base) { type.lineage.append(known.fullName) }
        }
        return type
    }

    /// The type of a type is one whose instances are types, and types of types end at `type`, whose type it is itself.
    private func isType(_ address: UInt64) -> Bool {
        guard let meta = word(address &+ 8), Self.isPlausible(meta), let flags = word(meta &+ 168), flags & PythonType.isTypeFlag != 0 else { return false }
        var current = meta
        for _ in 0..<4 {
            guard let next = word(current &+ 8), Self.isPlausible(next) else { return false }
            if next == current { return true }
            current = next
        }
        return false
    }

    // MARK: Values

    /// A compact string of at most `stringLimit` characters (PyASCIIObject, PyCompactUnicodeObject).
    func string(_ object: UInt64) -> String? {
        if let known = strings[object] { return known }
        guard Self.isPlausible(object), let length = word(object &+ 16), length < 1 << 24, let state = half(object &+ 32) else { return nil }
        let kind = Int(state >> 2 & 7)
        guard state >> 5 & 1 == 1, [1, 2, 4].contains(kind) else { return nil }
        let isASCII = state >> 6 & 1 == 1
        let start = object &+ (isASCII ? layout.asciiHeader : layout.unicodeHeader)
        let count = min(Int(length), Self.stringLimit)
        guard let bytes = try? memory.bytes(at: start, upTo: count * kind), bytes.count == count * kind else { return nil }
        var scalars = String.UnicodeScalarView()
        for index in 0..<count {
            var value: UInt32 = 0
            for part in 0..<kind { value |= UInt32(bytes[index * kind + part]) << UInt32(8 * part) }
            scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        }
        let text = String(scalars)
        if strings.count < 1 << 16 { strings[object] = text }
        return text
    }

    /// An integer that fits into 60 bits: at most two digits of 30 (Include/cpython/longintrepr.h).
    func integer(_ object: UInt64) -> Int? {
        guard let type = type(of: object), type.isInteger, let tag = word(object &+ 16) else { return nil }
        let digits: Int
        let isNegative: Bool
        if layout.integersAreTagged {
            guard tag < 1 << 32 else { return nil }
            digits = Int(tag >> 3)
            isNegative = tag & 3 == 2
        } else {
            let size = Int64(bitPattern: tag)
            guard size > -64, size < 64 else { return nil }
            digits = Int(abs(size))
            isNegative = size < 0
        }
        guard digits <= 2 else { return nil }
        var value = 0
        for index in 0..<digits { value |= Int(half(object &+ 24 &+ UInt64(4 * index)) ?? 0) << (30 * index) }
        return isNegative ? -value : value
    }

    /// Whether a value counts as true, for `bool` and numbers.
    func isTrue(_ object: UInt64) -> Bool { integer(object).map { $0 != 0 } ?? false }

    /// A number of seconds: an integer, or a float (ob_fval 16).
    func seconds(_ object: UInt64) -> Double? {
        if let whole = integer(object) { return Double(whole) }
        guard type(of: object)?.fullName == "float", let bits = word(object &+ 16) else { return nil }
        let value = Double(bitPattern: bits)
        return value.isFinite ? value : nil
    }

    func bytes(_ object: UInt64, limit: Int) -> [UInt8]? {
        // PyBytesObject: ob_size 16, ob_sval 32.
        guard Self.isPlausible(object), let size = word(object &+ 16), size <= UInt64(limit) else { return nil }
        return try? memory.bytes(at: object &+ 32, upTo: Int(size))
    }

    /// Items of a tuple (ob_size 16, ob_item 24); empty for what is none.
    func tuple(_ object: UInt64) -> [UInt64] {
        guard Self.isPlausible(object), let size = word(object &+ 16), size <= UInt64(Self.itemLimit), size > 0 else { return [] }
        return (try? memory.array(of: UInt64.self, at: object &+ 24, count: Int(size))) ?? []
    }

    /// Items of a list (ob_size 16, ob_item 24 a pointer).
    func list(_ object: UInt64) -> [UInt64] {
        guard Self.isPlausible(object), let size = word(object &+ 16), size > 0, let items = word(object &+ 24), Self.isPlausible(items) else { return [] }
        return (try? memory.array(of: UInt64.self, at: items, count: Int(min(size, UInt64(Self.itemLimit))))) ?? []
    }

    /// Items of a deque (Modules/_collectionsmodule.c): leftblock 24, leftindex 40; a block is its left link, 64 items, its right link.
    func deque(_ object: UInt64) -> [UInt64] {
        guard type(of: object)?.name == "deque", let count = count(object), count > 0, var block = word(object &+ 24), var index = word(object &+ 40) else { return [] }
        var items: [UInt64] = []
        while items.count < min(count, Self.itemLimit), index < 64, Self.isPlausible(block), let item = word(block &+ 8 &+ 8 * index) {
            items.append(item)
            index += 1
            if index == 64 {
                index = 0
                block = word(block &+ 8 &+ 8 * 64) ?? 0
            }
        }
        return items
    }

    /// How many a list, tuple or deque holds: all keep it in ob_size.
    func count(_ object: UInt64) -> Int? { word(object &+ 16).flatMap { $0 < 1 << 40 ? Int($0) : nil } }
}
