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
    /// Those of which code takes the length alone.
    private var lengths = LoadedNames()
    private var areOwn: [UInt64: Bool] = [:]
    private var classes: Set<UInt64> = []
    private var codes: Set<UInt64> = []
    private var namespaces: [UInt64: [String: UInt64]] = [:]
    /// Containers and objects of the program that nothing but its own code was seen to hold.
    private var kept: Set<UInt64> = []
    /// Whether whoever only looks at an object of the library, and can end no wait for it, does not come to it.
    private let passesByLookers: Bool
    /// Only what the program itself calls by name, and the functions that its threads are made of: not what a library may call.
    private let isStrict: Bool
    /// Functions of the program that were come to.
    private(set) var program: [(code: UInt64, use: CodeUse)] = []
    /// Objects that were come to by code that can end no wait for them.
    private(set) var lookedAt: Set<UInt64> = []
    /// Names that the program's code loads, and those that it assigns.
    private(set) var loaded: Set<String> = []
    private(set) var stored: Set<String> = []
    private var writesItems = false

    private static let limit = 30_000
    /// Ways to an object past its name.
    private static let backDoors: Set<String> = ["globals", "vars", "eval", "exec", "gc", "all_tasks", "_current_frames"]
    private static let constructors: Set<String> = ["__init__", "__new__", "__post_init__", "__init_subclass__"]
    private static let plain: Set<String> = ["str", "int", "float", "bool", "bytes", "bytearray", "NoneType", "code", "frame", "traceback", "complex", "ellipsis"]
    /// Methods that libraries call of objects whose class owes them nothing: files, queues, loggers.
    private static let borrowed: Set<String> = ["read", "readline", "write", "flush", "close", "fileno", "send", "recv", "put", "get", "emit", "handle", "acquire", "release"]
    private static let threadParts: Set<String> = ["_target", "_args", "_kwargs"]

    init(process: PythonProcess, uses: CodeUses, barred: Set<UInt64>, isStrict: Bool = false, passesByLookers: Bool = false) {
        self.isStrict = isStrict
        self.passesByLookers = passesByLookers
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
        for local in frame.locals(objects) { visit(local.value, isOwn: !frame.code.isLibrary) }
        for value in frame.stack { visit(value, isOwn: !frame.code.isLibrary) }
    }

    func add(object: UInt64) { visit(object) }

    /// What an event loop that is written in C calls, by itself or by way of what libuv has.
    func add(_ loop: LibuvLoop) {
        var use = CodeUse()
        (use.attributes, use.isLibrary) = (LibuvLoop.calls, true)
        add(use, globals: 0)
        guard let handles = loop.handles else { return isUncertain = true }
        ([loop.address] + handles).forEach(visit)
    }

    /// Follows everything that was added.
    func run() {
        while let object = queue.popLast(), !isUncertain { follow(object) }
    }

    private func visit(_ object: UInt64) { visit(object, isOwn: false) }

    /// - Parameter isOwn: it is the program's own code that holds it: no library's ends a wait for it.
    private func visit(_ object: UInt64, isOwn: Bool) {
        guard PythonObjects.isPlausible(object), !barred.contains(object) else { return }
        let isOwn = isOwn && passesByLookers
        if isOwn, !seen.contains(object), isOnlyLookedAt(object) { return }
        let isKept = isOwn && objects.type(of: object).map { Self.containers.contains($0.fullName) || self.isOwn($0) } == true
        if seen.insert(object).inserted {
            if isKept { kept.insert(object) }
        } else if isOwn || kept.remove(object) == nil {
            return
        }
        if seen.count > Self.limit { isUncertain = true }
        queue.append(object)
    }

    /// An object that threads or tasks wait for, of which the program's code loads no name by which a wait is ended: it waits until some does.
    private func isOnlyLookedAt(_ object: UInt64) -> Bool {
        guard let names = objects.type(of: object).flatMap(LibraryWait.enders) else { return false }
        var isOffered = false
        for name in names where own.offer(name, object) { isOffered = true }
        if !isOffered { lookedAt.insert(object) }
        return !isOffered
    }

    private static let containers: Set<String> = ["dict", "list", "tuple", "set", "frozenset", "cell", "collections.deque", "collections.OrderedDict", "collections.defaultdict"]

    /// Methods that change a container, or what threads wait for.
    static let changers: Set<String> = [
        "append", "appendleft", "extend", "insert", "add", "update", "pop", "popitem", "popleft", "remove", "discard", "clear", "setdefault", "put", "put_nowait",
        "set", "set_result", "set_exception", "release", "notify", "notify_all", "task_done", "sort", "reverse", "__setitem__", "setattr", "__dict__",
    ]

    /// Whether an object may be changed by what was come to: where nothing but the program's own code holds it, by what that does.
    func mayChange(_ object: UInt64) -> Bool {
        guard seen.contains(object), objects.isChangeable(object) else { return false }
        return !kept.contains(object) || writesItems || !loaded.isDisjoint(with: Self.changers)
    }

    // MARK: Code

    func add(_ use: CodeUse, globals: UInt64, namespace: UInt64 = 0) {
        if !use.isLibrary {
            loaded.formUnion(use.globals.union(use.attributes))
            stored.formUnion(use.stored)
            writesItems = writesItems || use.writesItems
        }
        if !use.isLibrary, !use.globals.isDisjoint(with: Self.backDoors) || use.attributes.contains("__dict__") || use.attributes.contains("all_tasks") { isUncertain = true }
        // A length leads to nothing that lies in a container.
        let measured = entries(globals)["len"] == nil ? use.measured : []
        var use = use
        use.attributes.subtract(measured)
        lengths.add(CodeUse(attributes: measured)).forEach(measure)
        for name in use.globals {
            if let value = entries(globals)[name] { measured.contains(name) ? measure(value) : visit(value, isOwn: !use.isLibrary) }
            if namespace != 0, namespace != globals, let value = entries(namespace)[name] { visit(value, isOwn: !use.isLibrary) }
            if let module = modules[name] { visit(module) }
        }
        all.add(use).forEach(visit)
        if !use.isLibrary { own.add(use).forEach { visit($0, isOwn: true) } }
        for code in use.nested { self.code(code, globals) }
    }

    private func entries(_ dictionary: UInt64) -> [String: UInt64] {
        if let known = namespaces[dictionary] { return known }
        let read = Dictionary(objects.entries(of: dictionary).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        namespaces[dictionary] = read
        return read
    }

    private func offer(_ name: String, _ value: UInt64) {
        if all.offer(name, value) { visit(value) } else if lengths.offer(name, value) { measure(value) }
    }

    /// An object that says itself how long it is may come to what it has.
    private func measure(_ object: UInt64) {
        if objects.type(of: object).map({ !Self.containers.contains($0.fullName) && $0.name != "deque" }) ?? false { visit(object, isOwn: true) }
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
        case "set", "frozenset": AsyncTasks(objects: objects, coroutines: coroutines).elements(object).forEach { visit($0, isOwn: kept.contains(object)) }
        default:
            if type.lineage.contains("type") { addClass(object, making: true, isOwn: isOwn(objects.type(at: object) ?? type)) } else { instance(object, type) }
        }
    }

    private func function(_ object: UInt64) {
        // PyFunctionObject: func_globals 16, func_code 48, func_defaults 56, func_kwdefaults 64, func_closure 72.
        guard let words = try? objects.memory.array(of: UInt64.self, at: object &+ 16, count: 8) else { return }
        let isOwn = uses.all(of: words[4])?.isLibrary == false
        for value in words[5...7] where value != 0 { visit(value, isOwn: isOwn) }
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
            if !isStrict || !isCallable(pair.value) { visit(pair.value, isOwn: kept.contains(object)) }
        }
    }

    private func instance(_ object: UInt64, _ type: PythonType) {
        let isOwn = isOwn(type)
        addClass(type.address, making: false, isOwn: isOwn, isLent: !kept.contains(object))
        let isThread = type.descends(from: "threading.Thread")
        for (name, value) in objects.attributes(of: object) where !isThread || !Self.threadParts.contains(name) {
            if !isOwn { offer(name, value) } else if own.offer(name, value) { visit(value, isOwn: true) } else if lengths.offer(name, value) { measure(value) }
        }
        let isKept = kept.contains(object)
        if type.isTuple { items(objects.tuple(object), isOwn: isKept) }
        if type.isList { items(objects.list(object), isOwn: isKept) }
        if type.isDictionary { dictionary(object) }
        if type.name == "deque" { items(objects.deque(object), isOwn: isKept) }
        // Whatever else it keeps in itself: slots, and the fields of types that are written in C.
        let dictionary = type.dictionaryOffset > 0 ? UInt64(type.dictionaryOffset) : 0
        let size = min(type.basicSize, 1024)
        guard size > 16, let words = try? objects.memory.array(of: UInt64.self, at: object &+ 16, count: (size - 16) / 8) else { return }
        for (row, value) in words.enumerated() where UInt64(16 + 8 * row) != dictionary && objects.type(of: value) != nil { visit(value, isOwn: isOwn || isKept) }
    }

    /// A function or class in a table of them, of which any may have been meant.
    private func isCallable(_ object: UInt64) -> Bool { objects.type(of: object).map { $0.fullName == "function" || $0.lineage.contains("type") } ?? false }

    private func items(_ values: [UInt64], isOwn: Bool) {
        if values.count >= PythonObjects.itemLimit { isUncertain = true }
        for value in values where !isStrict || !isCallable(value) { visit(value, isOwn: isOwn) }
    }

    /// Methods by their names; those that the language calls by itself in any case.
    ///
    /// - Parameter isLent: a library may hold the object, and call methods of it that it finds there.
    private func addClass(_ address: UInt64, making: Bool, isOwn: Bool, isLent: Bool = false) {
        guard classes.insert(address | (making ? 1 : 0) | (isLent ? 2 : 0)).inserted else { return }
        // tp_mro 344, tp_dict 264.
        for base in [address] + objects.tuple(objects.word(address &+ 344) ?? 0).prefix(16) {
            guard let dictionary = objects.word(base &+ 264) else { continue }
            for (name, value) in entries(dictionary) {
                let isSpecial = name.hasPrefix("__") && name.hasSuffix("__") && !["__dict__", "__weakref__", "__class__"].contains(name)
                if isStrict {
                    if isSpecial ? making && Self.constructors.contains(name) : own.offer(name, value) || name == "run" && !isOwn { visit(value) } else if lengths.offer(name, value) { measure(value) }
                    continue
                }
                if isSpecial ? making || !Self.constructors.contains(name) : false { visit(value); continue }
                if !isOwn || isLent && Self.borrowed.contains(name) { offer(name, value) } else if own.offer(name, value) { visit(value, isOwn: true) } else if lengths.offer(name, value) { measure(value) }
            }
        }
    }
}
