internal import ProcessInspection

/// A number that changes when anything does that a loop could come to through its values: containers, objects of the program's classes, the
/// globals that its functions name, whatever lies within them. nil where it has hold of something whose insides are not seen.
struct DeepDigest {
    private let objects: PythonObjects
    private var numbers: [UInt64: UInt64] = [:]
    private var queue: [UInt64] = []
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private var isComplete = true

    private static let limit = 3000
    private static let bytesLimit = 4096
    /// What cannot change, or changes nothing for the program.
    private static let constant: Set<String> = [
        "NoneType", "bool", "ellipsis", "NotImplementedType", "complex", "range", "slice", "code", "builtin_function_or_method", "method_descriptor", "wrapper_descriptor", "getset_descriptor",
        "member_descriptor", "classmethod_descriptor", "property", "staticmethod", "classmethod", "re.Pattern", "weakref", "weakref.ReferenceType", "frozenset", "mappingproxy",
    ]

    static func digest(of frame: PythonFrame, _ objects: PythonObjects) -> UInt64? {
        var digest = DeepDigest(objects: objects)
        for local in frame.namespace == 0 ? frame.locals(objects) : [] { digest.add(local.value) }
        digest.addGlobals(frame.globals, of: frame.code.address)
        while let next = digest.queue.popLast(), digest.isComplete { digest.expand(next) }
        return digest.isComplete ? digest.hash : nil
    }

    private init(objects: PythonObjects) { self.objects = objects }

    /// FNV-1a by words (draft-eastlake-fnv).
    private mutating func mix(_ word: UInt64) { hash = (hash ^ word) &* 0x100_0000_01b3 ^ (hash >> 29) }

    private mutating func mix(_ bytes: some Sequence<UInt8>) { for byte in bytes { mix(UInt64(byte)) } }

    /// A value by its content, or by the number under which it is looked into.
    private mutating func add(_ value: UInt64) {
        guard let type = objects.type(of: value) else { return mix(value) }
        mix(type.address)
        if type.isInteger || type.fullName == "float" {
            mix(objects.word(value &+ 16) ?? 0)
            if type.isInteger { mix(objects.integer(value).map { UInt64(bitPattern: Int64($0)) } ?? objects.word(value &+ 24) ?? 0) }
            return
        }
        if type.isString { return mix(objects.string(value)?.utf8.map { $0 } ?? []) }
        if type.fullName == "bytes" { return mix(objects.bytes(value, limit: Self.bytesLimit) ?? []) }
        if Self.constant.contains(type.fullName) { return mix(value) }
        if let number = numbers[value] { return mix(number) }
        let number = UInt64(numbers.count + 1)
        numbers[value] = number
        mix(number)
        if numbers.count > Self.limit { isComplete = false }
        queue.append(value)
    }

    private mutating func add(all values: [UInt64]) {
        mix(UInt64(values.count))
        if values.count >= PythonObjects.itemLimit { isComplete = false }
        for value in values { add(value) }
    }

    /// Names and values of a module or class.
    private mutating func addNamespace(_ dictionary: UInt64) {
        guard numbers.updateValue(0, forKey: dictionary) == nil else { return }
        for entry in objects.entries(of: dictionary) where !entry.name.hasPrefix("__") {
            mix(entry.name.utf8)
            add(entry.value)
        }
    }

    /// The globals that a function and those within it name.
    private mutating func addGlobals(_ dictionary: UInt64, of code: UInt64) {
        let names = self.names(of: code, depth: 0)
        for entry in objects.entries(of: dictionary) where names.contains(entry.name) { add(entry.value) }
    }

    /// PyCodeObject: co_consts 24, co_names 32.
    private func names(of code: UInt64, depth: Int) -> Set<String> {
        let own = (objects.word(code &+ 32).map { objects.tuple($0) } ?? []).compactMap { objects.string($0) }
        guard depth < 3 else { return Set(own) }
        let inner = (objects.word(code &+ 24).map { objects.tuple($0) } ?? []).filter { objects.type(of: $0)?.fullName == "code" }
        return inner.reduce(into: Set(own)) { $0.formUnion(names(of: $1, depth: depth + 1)) }
    }

    private mutating func expand(_ object: UInt64) {
        guard let type = objects.type(of: object) else { return isComplete = false }
        if type.isList { return add(all: objects.list(object)) }
        if type.isTuple { return add(all: objects.tuple(object)) }
        if type.isDictionary { return add(all: objects.pairs(of: object).flatMap { [$0.key, $0.value] }) }
        if type.name == "deque" { return add(all: objects.deque(object)) }
        if type.lineage.contains("type") { return addClass(object) }
        switch type.fullName {
        // PySetObject: mask 32, table 40 of {key, hash}.
        case "set":
            guard let mask = objects.word(object &+ 32), mask < 1 << 12, let table = objects.word(object &+ 40),
                let words = try? objects.memory.array(of: UInt64.self, at: table, count: Int(mask + 1) * 2)
            else { return isComplete = false }
            add(all: stride(from: 0, to: words.count, by: 2).map { words[$0] }.filter { $0 != 0 })
        case "cell": add(objects.word(object &+ 16) ?? 0)
        // PyMethodObject: im_func 16, im_self 24.
        case "method": add(all: [16, 24].compactMap { objects.word(object &+ $0) })
        case "function": addFunction(object)
        case "module": addModule(object)
        case "_thread.lock", "_thread.RLock": mix(objects.word(object &+ 24) ?? 0)
        default:
            let isIterator = type.name.hasSuffix("iterator") || type.module == "itertools" || ["enumerate", "zip", "reversed"].contains(type.name)
            isIterator ? addBody(object, type) : addInstance(object, type)
        }
    }

    /// PyFunctionObject: func_globals 16, func_code 48, func_defaults 56, func_kwdefaults 64, func_closure 72.
    private mutating func addFunction(_ object: UInt64) {
        guard let words = try? objects.memory.array(of: UInt64.self, at: object &+ 16, count: 8), let code = PythonCode(words[4], objects) else { return isComplete = false }
        mix(words[4])
        if code.isLibrary { return }
        for value in words[5...7] where value != 0 { add(value) }
        addGlobals(words[0], of: words[4])
    }

    /// PyModuleObject: md_dict 16. Python's own libraries keep nothing of a loop's; what others keep in C is not seen.
    private mutating func addModule(_ object: UInt64) {
        guard let dictionary = objects.word(object &+ 16), let file = objects.item(named: "__file__", of: dictionary).flatMap(objects.string) else { return }
        if file.contains("/lib/python3"), !file.contains("-packages/") { return }
        if file.hasSuffix(".so") { return isComplete = false }
        addNamespace(dictionary)
    }

    private mutating func addClass(_ object: UInt64) {
        guard let type = objects.type(at: object), type.isHeapType, let dictionary = objects.word(object &+ 264) else { return }
        addNamespace(dictionary)
    }

    /// Of a class written in Python: what it is made of in C would not be seen.
    private mutating func addInstance(_ object: UInt64, _ type: PythonType) {
        let hasAttributes = type.hasManagedDictionary || type.dictionaryOffset > 0
        guard type.isHeapType, hasAttributes || objects.word(type.address &+ 264).map({ objects.item(named: "__slots__", of: $0) != nil }) == true,
            type.lineage.dropFirst().allSatisfy({ name in !name.hasPrefix("_") && name.split(separator: ".").count > 1 || name == "object" })
        else { return isComplete = false }
        for attribute in objects.attributes(of: object) {
            mix(attribute.name.utf8)
            add(attribute.value)
        }
        if !hasAttributes { addBody(object, type) }
    }

    private mutating func addBody(_ object: UInt64, _ type: PythonType) {
        for word in (try? objects.memory.array(of: UInt64.self, at: object &+ 16, count: (min(max(type.basicSize, 24), 256) - 16) / 8)) ?? [] {
            if objects.type(of: word) != nil { add(word) } else { mix(word) }
        }
    }
}
