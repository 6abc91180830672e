/// A type object: its name, module, and the names of the classes it descends from.
struct PythonType {
    var address: UInt64
    /// Such as "Condition"; for types of C modules what stands behind the last dot.
    var name: String
    /// Such as "threading"; empty where the type does not say.
    var module: String
    var flags: UInt64
    var basicSize: Int
    var cachedKeys: UInt64
    var dictionaryOffset: Int64
    /// "module.name" of the type itself and of its bases, nearest first.
    var lineage: [String]

    // Include/object.h: Py_TPFLAGS_*.
    static let isTypeFlag: UInt64 = 1 << 31
    var isInteger: Bool { flags & 1 << 24 != 0 }
    var isList: Bool { flags & 1 << 25 != 0 }
    var isTuple: Bool { flags & 1 << 26 != 0 }
    var isString: Bool { flags & 1 << 28 != 0 }
    var isDictionary: Bool { flags & 1 << 29 != 0 }
    var hasManagedDictionary: Bool { flags & 1 << 4 != 0 }
    var hasInlineValues: Bool { flags & 1 << 2 != 0 }
    var isHeapType: Bool { flags & 1 << 9 != 0 }

    func descends(from full: String) -> Bool { lineage.contains(full) }

    var fullName: String { lineage.first ?? name }
}
