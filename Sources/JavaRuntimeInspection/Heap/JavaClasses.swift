/// Classes of the virtual machine: their names, ancestors and fields.
final class JavaClasses {
    let memory: TargetMemory
    private let layout: Layout
    private var names: [UInt64: String?] = [:]
    private var fields: [UInt64: [String: JavaField]] = [:]
    private var references: [UInt64: [UInt64]] = [:]

    /// share/oops/klass.hpp, instanceKlass.hpp, constantPool.hpp, symbol.hpp.
    private struct Layout {
        var name, superclass, firstAncestor, layoutHelper, loaderData, loader: UInt64
        var constants, poolSize, poolSourceFile: UInt64
        var symbolLength, symbolBody: UInt64
        var object: UInt64
        /// Until JDK 20 an array of six 16-bit values a field; later a packed stream.
        var fieldArray: (array: UInt64, count: UInt64)?
        var fieldStream: UInt64?
        var poolHolder: UInt64
    }

    private static let ancestorLimit = 64
    private static let fieldLimit = 4096

    init(_ tables: HotSpotTables, _ memory: TargetMemory) throws(HotSpotAbsence) {
        self.memory = memory
        guard let object = memory.pointer(
            try tables.address(
                "vmClasses::_klasses[static_cast<int>(vmClassID::Object_klass_knum)]",
                "SystemDictionary::_well_known_klasses[SystemDictionary::Object_klass_knum]",
                "SystemDictionary::_well_known_klasses[SystemDictionary::WK_KLASS_ENUM_NAME(Object_klass)]"))
        else { throw HotSpotAbsence(reason: "the virtual machine has not loaded its classes") }
        var array: (UInt64, UInt64)?
        if let place = try? tables.offset("InstanceKlass::_fields"), let count = try? tables.offset("InstanceKlass::_java_fields_count") {
            array = (place, count)
        }
        let stream = try? tables.offset("InstanceKlass::_fieldinfo_stream")
        guard array != nil || stream != nil else { throw HotSpotAbsence(reason: "this version of HotSpot does not describe the fields of classes") }
        layout = Layout(
            name: try tables.offset("Klass::_name"), superclass: try tables.offset("Klass::_super"),
            firstAncestor: try tables.offset("Klass::_primary_supers[0]"), layoutHelper: try tables.offset("Klass::_layout_helper"),
            loaderData: try tables.offset("Klass::_class_loader_data"), loader: try tables.offset("ClassLoaderData::_class_loader"),
            constants: try tables.offset("InstanceKlass::_constants"), poolSize: try tables.size("ConstantPool"),
            poolSourceFile: try tables.offset("ConstantPool::_source_file_name_index", "InstanceKlass::_source_file_name_index"),
            symbolLength: try tables.offset("Symbol::_length"), symbolBody: try tables.offset("Symbol::_body"),
            object: object, fieldArray: array, fieldStream: stream, poolHolder: try tables.offset("ConstantPool::_pool_holder"))
    }

    // MARK: Names

    /// The name of what is indeed a class, as the source has it: `java.util.HashMap`. Every class and
    /// array has java.lang.Object as first ancestor; what has not is no class.
    func name(_ type: UInt64) -> String? {
        if let known = names[type] { return known }
        var name: String?
        if type != 0, type & 7 == 0, memory.word(type &+ layout.firstAncestor) == layout.object,
            let text = memory.pointer(type &+ layout.name).flatMap(symbol), !text.isEmpty
        {
            // Hidden classes carry an address behind a plus sign: it is another one in the next run.
            name = String(text.prefix { $0 != "+" }.map { $0 == "/" ? "." : $0 })
        }
        names[type] = .some(name)
        return name
    }

    /// share/oops/symbol.hpp: at most 65535 bytes; longer names than 512 bytes are nobody's.
    func symbol(_ address: UInt64) -> String? {
        guard let length = memory.load(UInt16.self, at: address &+ layout.symbolLength), length <= 512,
            let bytes = memory.bytes(at: address &+ layout.symbolBody, count: Int(length))
        else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Names of the class and its ancestors, itself first.
    func ancestry(_ type: UInt64) -> [String] {
        var result: [String] = []
        var current = type
        while current != 0, result.count < Self.ancestorLimit, let name = name(current) {
            result.append(name)
            current = memory.word(current &+ layout.superclass) ?? 0
        }
        return result
    }

    /// Whether the class came with the platform (the boot loader), rather than with the program.
    func isPlatform(_ type: UInt64) -> Bool {
        guard let data = memory.pointer(type &+ layout.loaderData) else { return false }
        // An OopHandle: null, or a place that holds null.
        guard let handle = memory.pointer(data &+ layout.loader) else { return true }
        return memory.word(handle) == 0
    }

    /// Arrays have a negative layout helper: share/oops/klass.hpp.
    func isArray(_ type: UInt64) -> Bool { memory.load(Int32.self, at: type &+ layout.layoutHelper).map { $0 < 0 } ?? true }

    /// Bytes in front of an array's elements.
    func arrayHeader(_ type: UInt64) -> UInt64? {
        guard let helper = memory.load(Int32.self, at: type &+ layout.layoutHelper), helper < 0 else { return nil }
        return UInt64(helper >> 16 & 0xff)
    }

    // MARK: Constant pools

    func pool(of type: UInt64) -> UInt64? { memory.pointer(type &+ layout.constants) }
    func holder(ofPool pool: UInt64) -> UInt64? { memory.pointer(pool &+ layout.poolHolder) }

    /// The text at an index of a constant pool.
    func text(_ pool: UInt64, _ index: UInt16) -> String? {
        guard index > 0 else { return nil }
        return memory.pointer(pool &+ layout.poolSize &+ UInt64(index) * 8).flatMap(symbol)
    }

    func sourceFile(ofPool pool: UInt64) -> String? {
        memory.load(UInt16.self, at: pool &+ layout.poolSourceFile).flatMap { text(pool, $0) }
    }

    // MARK: Fields

    /// The field of a class or its nearest ancestor that has one of the name.
    func field(_ name: String, of type: UInt64) -> JavaField? {
        var current = type
        for _ in 0..<Self.ancestorLimit where current != 0 && self.name(current) != nil {
            if let field = declaredFields(current)[name] { return field }
            current = memory.word(current &+ layout.superclass) ?? 0
        }
        return nil
    }

    /// Where objects of a class keep references; nil for an array.
    func referenceOffsets(_ type: UInt64) -> [UInt64]? {
        if let known = references[type] { return known }
        guard !isArray(type) else { return nil }
        var result: [UInt64] = []
        var current = type
        for _ in 0..<Self.ancestorLimit where current != 0 && name(current) != nil {
            result += declaredFields(current).values.filter { !$0.isStatic && ["L", "["].contains($0.signature.prefix(1)) }.map(\.offset)
            current = memory.word(current &+ layout.superclass) ?? 0
        }
        references[type] = result
        return result
    }

    private func declaredFields(_ type: UInt64) -> [String: JavaField] {
        if let known = fields[type] { return known }
        var result: [String: JavaField] = [:]
        if let pool = pool(of: type) {
            for field in layout.fieldArray.map({ fieldsOfArray(type, $0) }) ?? fieldsOfStream(type) {
                guard let name = text(pool, field.name) else { continue }
                result[name] = JavaField(offset: field.offset, signature: text(pool, field.signature) ?? "", isStatic: field.flags & 8 != 0)
            }
        }
        fields[type] = result
        return result
    }

    private typealias RawField = (name: UInt16, signature: UInt16, offset: UInt64, flags: UInt32)

    /// share/oops/fieldInfo.hpp (JDK 9 to 20): access flags, name, signature, initial value, low and high half of the
    /// offset, which has two tag bits; 1 means that it is one.
    private func fieldsOfArray(_ type: UInt64, _ place: (array: UInt64, count: UInt64)) -> [RawField] {
        guard let array = memory.pointer(type &+ place.array), let count = memory.load(UInt16.self, at: type &+ place.count),
            count <= Self.fieldLimit, let bytes = memory.bytes(at: array &+ 4, count: Int(count) * 12)
        else { return [] }
        return bytes.withUnsafeBytes { raw in
            (0..<Int(count)).compactMap { index in
                let slots = (0..<6).map { raw.loadUnaligned(fromByteOffset: index * 12 + $0 * 2, as: UInt16.self) }
                guard slots[4] & 3 == 1 else { return nil }
                return (slots[1], slots[2], UInt64(slots[5]) << 14 | UInt64(slots[4] >> 2), UInt32(slots[0]))
            }
        }
    }

    /// share/oops/fieldInfo.hpp (JDK 21 on): numbers of declared and injected fields, then for each field name, signature, offset,
    /// access flags, field flags (1 initial value, 2 injected, 4 generic signature, 16 contended group follow).
    private func fieldsOfStream(_ type: UInt64) -> [RawField] {
        guard let place = layout.fieldStream, let array = memory.pointer(type &+ place), let length = memory.load(Int32.self, at: array),
            length > 0, length <= 1 << 16, let bytes = memory.bytes(at: array &+ 4, count: Int(length))
        else { return [] }
        var stream = PackedStream(bytes, excludesZero: true)
        guard let count = stream.unsigned(), count <= Self.fieldLimit, stream.unsigned() != nil else { return [] }
        var result: [RawField] = []
        for _ in 0..<count {
            guard let name = stream.unsigned(), let signature = stream.unsigned(), let offset = stream.unsigned(),
                let access = stream.unsigned(), let flags = stream.unsigned()
            else { break }
            for bit: UInt32 in [1, 4, 16] where flags & bit != 0 { _ = stream.unsigned() }
            result.append((UInt16(truncatingIfNeeded: name), UInt16(truncatingIfNeeded: signature), UInt64(offset), access))
        }
        return result
    }
}

/// A field of a class.
struct JavaField {
    var offset: UInt64
    /// As the class file has it, such as `Ljava/lang/String;` or `I`.
    var signature: String
    var isStatic: Bool
}
