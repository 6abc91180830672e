internal import ProcessInspection

/// Which objects running code could come to: from frames on through what they name. An attribute is followed
/// only where code that can run loads one of its name, so that two methods of one object are told apart.
final class Reach {
    private let objects: PythonObjects
    private let uses: CodeUses
    private let coroutines: Coroutines
    private let modules: [String: UInt64]
    /// Registers of all threads and tasks, which lead everywhere and release nothing.
    private var barred: Set<UInt64>
    private(set) var seen: Set<UInt64> = []
    /// Not everything could be followed: what was not reached is not shown to be out of reach.
    private(set) var isUncertain = false
    private var queue: [UInt64] = []
    private var all = LoadedNames()
    /// Those that the program's own code loads, not a library's: what libraries load of the program's objects are methods.
    private var own = LoadedNames()
    private var areOwn: [UInt64: Bool] = [:]
    private var classes: Set<UInt64> = []
    private var codes: Set<UInt64> = []
    private var namespaces: [UInt64: [String: UInt64]] = [:]
    /// Only what the program itself calls by name, and the functions that its threads are made of: not what a library may call.
    private let isStrict: Bool
    /// Functions of the program that were come to.
    private(set) var program: [(code: UInt64, use: CodeUse)] = []
    /// Names that the program's code loads, and those that it assigns.
    private(set) var loaded: Set<String> = []
    private(set) var stored: Set<String> = []

    private static let limit = 30_000
    /// Ways to an object past its name.
    private static let backDoors: Set<String> = ["globals", "vars", "eval", "exec", "gc", "all_tasks", "_current_frames"]
    private static let constructors: Set<String> = ["__init__", "__new__", "__post_init__", "__init_subclass__"]
    private static let plain: Set<String> = ["str", "int", "float", "bool", "bytes", "bytearray", "NoneType", "code", "frame", "traceback", "complex", "ellipsis"]
    /// Methods that libraries call of objects whose class owes them nothing: files, queues, loggers.
    private static let borrowed: Set<String> = ["read", "readline", "write", "flush", "close", "fileno", "send", "recv", "put", "get", "emit", "handle", "acquire", "release"]
    private static let threadParts: Set<String> = ["_target", "_args", "_kwargs"]

    init(process: PythonProcess, uses: CodeUses, barred: Set<UInt64>, isStrict: Bool = false) {
        self.isStrict = isStrict
        objects = process.objects
        self.uses = uses
        self.barred = barred
        coroutines = Coroutines(objects: objects, frames: process.frames)
        var modules: [String: UInt64] = [:]
        for interpreter in process.interpreters {
            guard let table = objects.word(interpreter.address &+ objects.layout.modules) else { continue }
            modules.merge(objects.entries(of: table).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
            self.barred.insert(table)
        }
        self.modules = modules
        bar("threading", ["_active", "_limbo", "_dangling"])
        bar("asyncio.tasks", ["_all_tasks", "_scheduled_tasks", "_eager_tasks", "_current_tasks"])
        bar("_asyncio", ["_all_tasks", "_scheduled_tasks", "_eager_tasks", "_current_tasks"])
        bar("concurrent.futures.thread", ["_threads_queues"])
    }

    private func bar(_ module: String, _ attributes: Set<String>) {
        guard let module = modules[module] else { return }
        for (name, value) in objects.attributes(of: module) where attributes.contains(name) { barred.insert(value) }
    }

    func add(_ frame: PythonFrame) {
        add(uses.remaining(of: frame), globals: frame.globals, namespace: frame.namespace)
        for local in frame.locals(objects) { visit(local.value) }
        for value in frame.stack { visit(value) }
    }

    func add(object: UInt64) { visit(object) }

    /// Follows everything that was added.
    func run() {
        while let object = queue.popLast(), !isUncertain { follow(object) }
    }

    private func visit(_ object: UInt64) {
        guard PythonObjects.isPlausible(object), !barred.contains(object), seen.insert(object).inserted else { return }
        if seen.count > Self.limit { isUncertain = true }
        queue.append(object)
    }

    // MARK: Code

    func add(_ use: CodeUse, globals: UInt64, namespace: UInt64 = 0) {
        if !use.isLibrary {
            loaded.formUnion(use.globals.union(use.attributes))
            stored.formUnion(use.stored)
        }
        if !use.isLibrary, !use.globals.isDisjoint(with: Self.backDoors) || use.attributes.contains("__dict__") || use.attributes.contains("all_tasks") { isUncertain = true }
        for name in use.globals {
            if let value = entries(globals)[name] { visit(value) }
            if namespace != 0, namespace != globals, let value = entries(namespace)[name] { visit(value) }
            if let module = modules[name] { visit(module) }
        }
        all.add(use).forEach(visit)
        if !use.isLibrary { own.add(use).forEach(visit) }
        for code in use.nested { self.code(code, globals) }
    }

    private func entries(_ dictionary: UInt64) -> [String: UInt64] {
        if let known = namespaces[dictionary] { return known }
        let read = Dictionary(objects.entries(of: dictionary).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        namespaces[dictionary] = read
        return read
    }

    private func offer(_ name: String, _ value: UInt64) {
        if all.offer(name, value) { visit(value) }
    }

    /// A class of the program that inherits from no library's.
    private func isOwn(_ type: PythonType) -> Bool {
        if let known = areOwn[type.address] { return known }
        let bases = [type.address] + objects.tuple(objects.word(type.address &+ 344) ?? 0).prefix(16)
        let codes = bases.flatMap { base in entries(objects.word(base &+ 264) ?? 0).values.filter { objects.type(of: $0)?.fullName == "function" }.prefix(1) }
            .compactMap { objects.word($0 &+ 48) }.compactMap { PythonCode($0, objects) }
        let isOwn = type.isHeapType && !codes.isEmpty && codes.allSatisfy { !$0.isLibrary } && type.basicSize <= 64
        areOwn[type.address] = isOwn
        return isOwn
    }

    // MARK: Objects

    private func follow(_ object: UInt64) {
        guard let type = objects.type(of: object), !Self.plain.contains(type.fullName) else { return }
        switch type.fullName {
        case "function": function(object)
        case "module": for (name, value) in objects.attributes(of: object) { offer(name, value) }
        case "dict", "collections.OrderedDict", "collections.defaultdict": dictionary(object)
        case "coroutine", "generator", "async_generator": if coroutines.isLive(object) { coroutines.frames(of: object).forEach(add) }
        case "_asyncio.Task": break
        case "set", "frozenset": AsyncTasks(objects: objects, coroutines: coroutines).elements(object).forEach(visit)
        default:
            if type.lineage.contains("type") { addClass(object, making: true, isOwn: isOwn(objects.type(at: object) ?? type)) } else { instance(object, type) }
        }
    }

    private func function(_ object: UInt64) {
        // PyFunctionObject: func_globals 16, func_code 48, func_defaults 56, func_kwdefaults 64, func_closure 72.
        guard let words = try? objects.memory.array(of: UInt64.self, at: object &+ 16, count: 8) else { return }
        for value in words[5...7] where value != 0 { visit(value) }
        code(words[4], words[0])
    }

    private func code(_ address: UInt64, _ globals: UInt64) {
        guard codes.insert(address).inserted, let use = uses.all(of: address) else { return }
        if !use.isLibrary { program.append((address, use)) }
        add(use, globals: globals)
    }

    private func dictionary(_ object: UInt64) {
        let pairs = objects.pairs(of: object)
        if pairs.count >= PythonObjects.itemLimit { isUncertain = true }
        for pair in pairs {
            visit(pair.key)
            if !isStrict || !isCallable(pair.value) { visit(pair.value) }
        }
    }

    private func instance(_ object: UInt64, _ type: PythonType) {
        let isOwn = isOwn(type)
        addClass(type.address, making: false, isOwn: isOwn)
        let isThread = type.descends(from: "threading.Thread")
        for (name, value) in objects.attributes(of: object) where !isThread || !Self.threadParts.contains(name) {
            if !isOwn { offer(name, value) } else if own.offer(name, value) { visit(value) }
        }
        if type.isTuple { items(objects.tuple(object)) }
        if type.isList { items(objects.list(object)) }
        if type.isDictionary { dictionary(object) }
        if type.name == "deque" { items(objects.deque(object)) }
        // Whatever else it keeps in itself: slots, and the fields of types that are written in C.
        let dictionary = type.dictionaryOffset > 0 ? UInt64(type.dictionaryOffset) : 0
        let size = min(type.basicSize, 1024)
        guard size > 16, let words = try? objects.memory.array(of: UInt64.self, at: object &+ 16, count: (size - 16) / 8) else { return }
        for (row, value) in words.enumerated() where UInt64(16 + 8 * row) != dictionary && objects.type(of: value) != nil { visit(value) }
    }

    /// A function or class in a table of them, of which any may have been meant.
    private func isCallable(_ object: UInt64) -> Bool { objects.type(of: object).map { $0.fullName == "function" || $0.lineage.contains("type") } ?? false }

    private func items(_ values: [UInt64]) {
        if values.count >= PythonObjects.itemLimit { isUncertain = true }
        for value in values where !isStrict || !isCallable(value) { visit(value) }
    }

    /// Methods by their names; those that the language calls by itself in any case.
    private func addClass(_ address: UInt64, making: Bool, isOwn: Bool) {
        guard classes.insert(making ? address | 1 : address).inserted else { return }
        // tp_mro 344, tp_dict 264.
        for base in [address] + objects.tuple(objects.word(address &+ 344) ?? 0).prefix(16) {
            guard let dictionary = objects.word(base &+ 264) else { continue }
            for (name, value) in entries(dictionary) {
                let isSpecial = name.hasPrefix("__") && name.hasSuffix("__") && !["__dict__", "__weakref__", "__class__"].contains(name)
                if isStrict {
                    if isSpecial ? making && Self.constructors.contains(name) : own.offer(name, value) || name == "run" && !isOwn { visit(value) }
                    continue
                }
                if isSpecial ? making || !Self.constructors.contains(name) : false { visit(value); continue }
                if !isOwn || Self.borrowed.contains(name) { offer(name, value) } else if own.offer(name, value) { visit(value) }
            }
        }
    }
}
