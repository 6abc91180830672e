/// HotSpot's description of itself: names, offsets, sizes and constants of its own structures.
///
/// libjvm.so exports it for the serviceability agent (`jhsdb`): src/hotspot/share/runtime/vmStructs.hpp,
/// the same scheme since JDK 6.
struct HotSpotTables {
    struct Field {
        var offset: UInt64
        /// For a static one.
        var address: UInt64
        var type: String
    }
    /// By "Type::field".
    private(set) var fields: [String: Field] = [:]
    private(set) var sizes: [String: UInt64] = [:]
    private(set) var constants: [String: Int64] = [:]

    /// More entries than any version has (JDK 17: some 2 000).
    private static let limit: UInt64 = 20_000

    /// - Parameter symbol: the address of an exported symbol of libjvm.so.
    init(memory: TargetMemory, symbol: (String) -> UInt64?) throws(HotSpotAbsence) {
        func value(_ name: String) throws(HotSpotAbsence) -> UInt64 {
            guard let address = symbol(name), let value = memory.word(address) else {
                throw HotSpotAbsence(reason: "libjvm.so does not describe itself: `\(name)` is missing")
            }
            return value
        }
        func each(_ table: String, _ entry: String, _ body: (UInt64) throws(HotSpotAbsence) -> Bool) throws(HotSpotAbsence) {
            let start = try value(table)
            let stride = try value("gHotSpot\(entry)EntryArrayStride")
            guard stride > 0, stride <= 256 else { throw HotSpotAbsence(reason: "\(table) has entries of \(stride) bytes") }
            for index in 0..<Self.limit where try !body(start &+ index * stride) { return }
        }
        func text(_ address: UInt64) -> String { memory.word(address).flatMap { memory.string(at: $0) } ?? "" }

        let type = try value("gHotSpotVMStructEntryTypeNameOffset")
        let name = try value("gHotSpotVMStructEntryFieldNameOffset")
        let kind = try value("gHotSpotVMStructEntryTypeStringOffset")
        let isStatic = try value("gHotSpotVMStructEntryIsStaticOffset")
        let offset = try value("gHotSpotVMStructEntryOffsetOffset")
        let address = try value("gHotSpotVMStructEntryAddressOffset")
        var found: [String: Field] = [:]
        try each("gHotSpotVMStructs", "VMStruct") { (entry) throws(HotSpotAbsence) in
            guard memory.pointer(entry &+ type) != nil else { return false }
            let fixed = memory.load(Int32.self, at: entry &+ isStatic) != 0
            found["\(text(entry &+ type))::\(text(entry &+ name))"] = Field(
                offset: fixed ? 0 : memory.word(entry &+ offset) ?? 0, address: fixed ? memory.word(entry &+ address) ?? 0 : 0, type: text(entry &+ kind))
            return true
        }
        fields = found

        let typeName = try value("gHotSpotVMTypeEntryTypeNameOffset")
        let typeSize = try value("gHotSpotVMTypeEntrySizeOffset")
        var sizes: [String: UInt64] = [:]
        try each("gHotSpotVMTypes", "VMType") { (entry) throws(HotSpotAbsence) in
            guard memory.pointer(entry &+ typeName) != nil else { return false }
            sizes[text(entry &+ typeName)] = memory.word(entry &+ typeSize)
            return true
        }
        self.sizes = sizes

        var constants: [String: Int64] = [:]
        for (table, isWide) in [("Int", false), ("Long", true)] {
            let constantName = try value("gHotSpotVM\(table)ConstantEntryNameOffset")
            let constantValue = try value("gHotSpotVM\(table)ConstantEntryValueOffset")
            try each("gHotSpotVM\(table)Constants", "VM\(table)Constant") { (entry) throws(HotSpotAbsence) in
                guard memory.pointer(entry &+ constantName) != nil else { return false }
                let place = entry &+ constantValue
                constants[text(entry &+ constantName)] = isWide ? memory.load(Int64.self, at: place) : memory.load(Int32.self, at: place).map(Int64.init)
                return true
            }
        }
        self.constants = constants
    }

    /// Offset of the first of the fields that this version has.
    func offset(_ names: String...) throws(HotSpotAbsence) -> UInt64 {
        for name in names { if let field = fields[name], field.address == 0 { return field.offset } }
        throw HotSpotAbsence(reason: "this version of HotSpot does not describe `\(names[0])`")
    }

    /// Address of the first of the static fields that this version has.
    func address(_ names: String...) throws(HotSpotAbsence) -> UInt64 {
        for name in names { if let field = fields[name], field.address != 0 { return field.address } }
        throw HotSpotAbsence(reason: "this version of HotSpot does not describe `\(names[0])`")
    }

    func size(_ name: String) throws(HotSpotAbsence) -> UInt64 {
        guard let size = sizes[name], size > 0, size < 1 << 20 else {
            throw HotSpotAbsence(reason: "this version of HotSpot does not describe the size of `\(name)`")
        }
        return size
    }
}

/// Why a Java virtual machine cannot be read.
struct HotSpotAbsence: Error {
    var reason: String
}
