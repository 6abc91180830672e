/// Objects of the Java heap, read where they lie.
final class JavaHeap {
    let memory: TargetMemory
    let classes: JavaClasses
    private let narrowOops: (base: UInt64, shift: UInt64)?
    private let narrowClasses: (base: UInt64, shift: UInt64)?
    /// JDK 24 on, with -XX:+UseCompactObjectHeaders: the class stands in the mark word, from this bit on.
    private let classInMark: UInt64?
    private let markOffset: UInt64
    private let classOffset: UInt64
    private let handlesAreDirect: Bool

    init(_ tables: HotSpotTables, _ memory: TargetMemory, _ flags: HotSpotFlags) throws(HotSpotAbsence) {
        for collector in ["UseZGC", "UseShenandoahGC"] where flags.isOn(collector) == true {
            throw HotSpotAbsence(reason: "the heap of \(collector.dropFirst(3)) moves its objects while the program runs; only threads and their stacks are read")
        }
        self.memory = memory
        classes = try JavaClasses(tables, memory)
        narrowOops = flags.isOn("UseCompressedOops") == true
            ? (memory.word(try tables.address("CompressedOops::_base", "CompressedOops::_narrow_oop._base", "Universe::_narrow_oop._base")) ?? 0,
                UInt64(memory.load(UInt32.self, at: try tables.address("CompressedOops::_shift", "CompressedOops::_narrow_oop._shift", "Universe::_narrow_oop._shift")) ?? 3) & 31)
            : nil
        let compact = flags.isOn("UseCompactObjectHeaders") == true
        narrowClasses = compact || flags.isOn("UseCompressedClassPointers") == true
            ? (memory.word(try tables.address(
                "CompressedKlassPointers::_base", "CompressedKlassPointers::_narrow_klass._base", "Universe::_narrow_klass._base")) ?? 0,
                UInt64(memory.load(UInt32.self, at: try tables.address(
                    "CompressedKlassPointers::_shift", "CompressedKlassPointers::_narrow_klass._shift", "Universe::_narrow_klass._shift")) ?? 3) & 31)
            : nil
        classInMark = compact ? UInt64(tables.constants["markWord::klass_shift"] ?? 42) & 63 : nil
        markOffset = try tables.offset("oopDesc::_mark")
        classOffset = try tables.offset("oopDesc::_metadata._klass")
        handlesAreDirect = tables.fields["JavaThread::_threadObj"]?.type == "oop"
    }

    /// The object's class; nil when no object lies there.
    func type(of object: UInt64) -> UInt64? {
        guard object != 0, object & 7 == 0 else { return nil }
        let type: UInt64?
        if let shift = classInMark, let narrow = narrowClasses {
            type = memory.word(object &+ markOffset).map { narrow.base &+ ($0 >> shift) << narrow.shift }
        } else if let narrow = narrowClasses {
            type = memory.load(UInt32.self, at: object &+ classOffset).map { narrow.base &+ UInt64($0) << narrow.shift }
        } else {
            type = memory.word(object &+ classOffset)
        }
        return type.flatMap { classes.name($0) == nil ? nil : $0 }
    }

    func typeName(of object: UInt64) -> String? { type(of: object).flatMap(classes.name) }
    func ancestry(of object: UInt64) -> [String] { type(of: object).map(classes.ancestry) ?? [] }

    /// The object behind an OopHandle or WeakHandle at `address` (until JDK 11 for threads: the object itself).
    func handle(at address: UInt64, isDirect: Bool = false) -> UInt64? {
        guard let place = memory.pointer(address) else { return nil }
        let object = isDirect ? place : memory.pointer(place)
        return object.flatMap { type(of: $0) == nil ? nil : $0 }
    }

    func threadObject(at address: UInt64) -> UInt64? { handle(at: address, isDirect: handlesAreDirect) }

    // MARK: Fields

    /// A reference held by a field; nil when it is null or there is none of the name.
    func reference(_ object: UInt64, _ name: String) -> UInt64? {
        guard let type = type(of: object), let field = classes.field(name, of: type), !field.isStatic else { return nil }
        return reference(at: object &+ field.offset)
    }

    /// All that an object refers to.
    func references(of object: UInt64) -> [UInt64] {
        guard let type = type(of: object) else { return [] }
        guard let offsets = classes.referenceOffsets(type) else {
            // Of an array of numbers the name has one letter behind its brackets.
            return classes.name(type).map { $0.hasSuffix(";") || $0.hasPrefix("[[") } == true ? elements(ofArray: object) : []
        }
        return offsets.compactMap { reference(at: object &+ $0) }
    }

    var referenceSize: UInt64 { narrowOops == nil ? 8 : 4 }

    func reference(at address: UInt64) -> UInt64? {
        guard let narrow = narrowOops else { return memory.pointer(address) }
        guard let value = memory.load(UInt32.self, at: address), value != 0 else { return nil }
        return narrow.base &+ UInt64(value) << narrow.shift
    }

    func integer(_ object: UInt64, _ name: String) -> Int? {
        guard let type = type(of: object), let field = classes.field(name, of: type), !field.isStatic else { return nil }
        let place = object &+ field.offset
        switch field.signature {
        case "I": return memory.load(Int32.self, at: place).map(Int.init)
        case "J": return memory.load(Int64.self, at: place).map(Int.init)
        case "S": return memory.load(Int16.self, at: place).map(Int.init)
        case "Z", "B": return memory.load(Int8.self, at: place).map(Int.init)
        default: return nil
        }
    }

    func has(_ object: UInt64, _ name: String) -> Bool {
        type(of: object).flatMap { classes.field(name, of: $0) } != nil
    }

    // MARK: Arrays and strings

    private static let elementLimit = 1 << 16
    private static let stringLimit = 1024

    private func length(ofArray array: UInt64) -> Int? {
        let place = classInMark != nil ? classOffset : narrowClasses != nil ? classOffset &+ 4 : classOffset &+ 8
        guard let length = memory.load(Int32.self, at: array &+ place), length >= 0 else { return nil }
        return Int(length)
    }

    /// References that an array holds, without the null ones.
    func elements(ofArray array: UInt64) -> [UInt64] {
        guard let type = type(of: array), let header = classes.arrayHeader(type), let length = length(ofArray: array) else { return [] }
        return (0..<UInt64(min(length, Self.elementLimit))).compactMap { reference(at: array &+ header &+ $0 * referenceSize) }
    }

    /// java.lang.String since JDK 9: `value` in Latin-1 (`coder` 0) or UTF-16; cut at 1024 bytes.
    func string(_ object: UInt64?) -> String? {
        guard let object, typeName(of: object) == "java.lang.String", let value = reference(object, "value"), let coder = integer(object, "coder"),
            let type = type(of: value), let header = classes.arrayHeader(type), let length = length(ofArray: value),
            let bytes = memory.bytes(at: value &+ header, count: min(length, Self.stringLimit))
        else { return nil }
        if coder == 0 { return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })) }
        return String(decoding: stride(from: 0, to: bytes.count & ~1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }, as: UTF16.self)
    }
}
