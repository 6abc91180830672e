internal import ProcessInspection

/// Dictionaries and the attributes of instances (Include/internal/pycore_dict.h, pycore_object.h).
extension PythonObjects {
    /// Entries of a dictionary whose keys are strings, in order; at most `itemLimit`.
    func entries(of dictionary: UInt64) -> [(name: String, value: UInt64)] {
        guard Self.isPlausible(dictionary), let keys = word(dictionary &+ 32), let values = word(dictionary &+ 40) else { return [] }
        return entries(keys: keys, values: values == 0 ? nil : values &+ valuesStart)
    }

    func item(named name: String, of dictionary: UInt64) -> UInt64? {
        entries(of: dictionary).first { $0.name == name }?.value
    }

    /// All values of a dictionary, whatever its keys are.
    func pairs(of dictionary: UInt64) -> [(key: UInt64, value: UInt64)] {
        guard Self.isPlausible(dictionary), let keys = word(dictionary &+ 32), let values = word(dictionary &+ 40) else { return [] }
        return pairs(keys: keys, values: values == 0 ? nil : values &+ valuesStart)
    }

    /// PyDictValues: from 3.13 on its sizes stand before the values.
    private var valuesStart: UInt64 { layout.instances.isInline ? 8 : 0 }

    private func entries(keys: UInt64, values: UInt64?) -> [(name: String, value: UInt64)] {
        pairs(keys: keys, values: values).compactMap { pair in string(pair.key).map { ($0, pair.value) } }
    }

    /// - Parameter values: where a dictionary that shares its keys has its own values.
    private func pairs(keys: UInt64, values: UInt64?) -> [(key: UInt64, value: UInt64)] {
        // PyDictKeysObject: log2_index_bytes 9, kind 10 (0 general, 1 strings, 2 shared), nentries 24, indices 32.
        guard Self.isPlausible(keys), let facts = word(keys &+ 8), let total = word(keys &+ 24), total <= 1 << 24 else { return [] }
        let indexBytes = facts >> 8 & 0xff
        let kind = facts >> 16 & 0xff
        guard indexBytes < 32, kind <= 2 else { return [] }
        let count = Int(min(total, UInt64(Self.itemLimit)))
        let width = kind == 0 ? 3 : 2
        let start = keys &+ 32 &+ (1 << indexBytes)
        guard count > 0, let words = try? memory.array(of: UInt64.self, at: start, count: count * width) else { return [] }
        var own: [UInt64]?
        if let values {
            own = try? memory.array(of: UInt64.self, at: values, count: count)
            if own == nil { return [] }
        }
        return (0..<count).compactMap { index in
            let key = words[index * width + width - 2]
            let value = own?[index] ?? words[index * width + width - 1]
            return key == 0 || value == 0 ? nil : (key, value)
        }
    }

    /// Whether an object may hold something else later: containers, and objects of classes. Modules, functions and classes do not count.
    func isChangeable(_ object: UInt64) -> Bool {
        guard let type = type(of: object), !type.isTuple, !type.isString, !type.isInteger, type.flags & PythonType.isTypeFlag == 0 else { return false }
        return type.isList || type.isDictionary || type.isHeapType || ["set", "bytearray", "collections.deque", "array.array", "cell"].contains(type.fullName) || type.name == "deque"
    }

    /// Attributes of an instance, without those of its class.
    func attributes(of object: UInt64) -> [(name: String, value: UInt64)] {
        guard let type = type(of: object) else { return [] }
        if type.fullName == "module" { return word(object &+ 16).map { entries(of: $0) } ?? [] }
        if type.hasManagedDictionary { return managed(object, type) }
        if type.dictionaryOffset > 0, type.dictionaryOffset < 1 << 16, let dictionary = word(object &+ UInt64(type.dictionaryOffset)), dictionary != 0 {
            return entries(of: dictionary)
        }
        return []
    }

    func attribute(_ name: String, of object: UInt64) -> UInt64? {
        attributes(of: object).first { $0.name == name }?.value ?? slot(name, of: object)
    }

    /// A value that the class keeps a place for (`__slots__`): its descriptor tells where
    /// (PyMemberDescrObject: d_member 40; PyMemberDef: offset 16).
    private func slot(_ name: String, of object: UInt64) -> UInt64? {
        guard let type = type(of: object), type.isHeapType else { return nil }
        // tp_mro 344, tp_dict 264.
        for base in tuple(word(type.address &+ 344) ?? 0).prefix(16) {
            guard let dictionary = word(base &+ 264), let descriptor = item(named: name, of: dictionary),
                self.type(of: descriptor)?.fullName == "member_descriptor", let member = word(descriptor &+ 40), let offset = word(member &+ 16),
                offset >= 16, offset < UInt64(type.basicSize)
            else { continue }
            return word(object &+ offset).flatMap { $0 == 0 ? nil : $0 }
        }
        return nil
    }

    private func managed(_ object: UInt64, _ type: PythonType) -> [(name: String, value: UInt64)] {
        guard let dictionary = word(object &- 24) else { return [] }
        switch layout.instances {
        case .separateWords:
            if dictionary != 0 { return entries(of: dictionary) }
            guard let values = word(object &- 32), values != 0 else { return [] }
            return entries(keys: type.cachedKeys, values: values)
        case .taggedWord:
            if dictionary & 1 == 1 { return entries(keys: type.cachedKeys, values: dictionary &+ 1) }
            return dictionary == 0 ? [] : entries(of: dictionary)
        case .inline:
            if dictionary != 0 { return entries(of: dictionary) }
            guard type.hasInlineValues else { return [] }
            return entries(keys: type.cachedKeys, values: object &+ UInt64(type.basicSize) &+ valuesStart)
        }
    }
}

extension PythonLayout.Instances {
    fileprivate var isInline: Bool { if case .inline = self { true } else { false } }
}
