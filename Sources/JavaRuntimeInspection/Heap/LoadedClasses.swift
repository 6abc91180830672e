/// All classes that the virtual machine has loaded, looked through for what stands in classes only.
struct LoadedClasses {
    private let heap: JavaHeap
    private let head, nextLoader, firstClass, nextClass, mirror: UInt64
    private let state, initializer: UInt64
    private let stateBeingInitialized, stateLinked: UInt8

    private static let loaderLimit = 10_000
    private static let classLimit = 100_000

    /// share/classfile/classLoaderData.hpp, share/oops/instanceKlass.hpp.
    init(_ tables: HotSpotTables, _ heap: JavaHeap) throws(HotSpotAbsence) {
        self.heap = heap
        head = try tables.address("ClassLoaderDataGraph::_head")
        nextLoader = try tables.offset("ClassLoaderData::_next")
        firstClass = try tables.offset("ClassLoaderData::_klasses")
        nextClass = try tables.offset("Klass::_next_link")
        mirror = try tables.offset("Klass::_java_mirror")
        state = try tables.offset("InstanceKlass::_init_state")
        initializer = try tables.offset("InstanceKlass::_init_thread")
        stateBeingInitialized = UInt8(truncatingIfNeeded: tables.constants["InstanceKlass::being_initialized"] ?? 3)
        stateLinked = UInt8(truncatingIfNeeded: tables.constants["InstanceKlass::linked"] ?? 2)
    }

    /// A class whose static initializer runs: its name, its java.lang.Class object, and the JavaThread that runs it.
    struct Initializing {
        var name: String
        var mirror: UInt64
        var thread: UInt64
    }

    func initializing() -> [Initializing] {
        var result: [Initializing] = []
        each { type in
            guard result.count < 256, let thread = heap.memory.pointer(type &+ initializer), heap.memory.load(UInt8.self, at: type &+ state) == stateBeingInitialized,
                !heap.classes.isArray(type), let name = heap.classes.name(type), let mirror = heap.handle(at: type &+ mirror)
            else { return true }
            result.append(Initializing(name: name, mirror: mirror, thread: thread))
            return true
        }
        return result
    }

    /// Whether the class's code is ready to run.
    func isLinked(_ type: UInt64) -> Bool { heap.memory.load(UInt8.self, at: type &+ state).map { $0 >= stateLinked } ?? false }

    /// Programs of more classes are not looked through for what they call.
    private static let programLimit = 3000

    /// Classes that did not come with the platform, by name; none where there are too many.
    func program() -> [String: UInt64] {
        var result: [String: UInt64] = [:]
        each { type in
            if !heap.classes.isArray(type), let name = heap.classes.name(type), !JavaReleasing.isPlatform(name), !heap.classes.isPlatform(type) { result[name] = type }
            return result.count <= Self.programLimit
        }
        return result.count <= Self.programLimit ? result : [:]
    }

    /// What the program does on signals: jdk.internal.misc.Signal.handlers, less the machine's own way to end.
    func signalHandlers() -> [String] {
        var found: [String] = []
        each { type in
            guard heap.classes.name(type) == "jdk.internal.misc.Signal" else { return true }
            guard let field = heap.classes.field("handlers", of: type), field.isStatic, let mirror = heap.handle(at: type &+ mirror),
                let map = heap.reference(at: mirror &+ field.offset), let table = heap.reference(map, "table")
            else { return false }
            for entry in heap.elements(ofArray: table).prefix(64) {
                let name = heap.reference(entry, "value").flatMap { heap.typeName(of: $0) } ?? ""
                if !name.hasPrefix("java.lang.Terminator"), !name.isEmpty { found.append("the handler of a signal (\(name))") }
            }
            return false
        }
        return Array(Set(found)).sorted()
    }

    /// What the program wants done when it is told to end: java.lang.ApplicationShutdownHooks.hooks. Those of the platform's own are left out.
    func shutdownHooks() -> [String] {
        var hooks: [String] = []
        each { type in
            guard heap.classes.name(type) == "java.lang.ApplicationShutdownHooks" else { return true }
            guard let field = heap.classes.field("hooks", of: type), field.isStatic, let mirror = heap.handle(at: type &+ mirror),
                let map = heap.reference(at: mirror &+ field.offset), let table = heap.reference(map, "table")
            else { return false }
            for thread in heap.elements(ofArray: table).prefix(256) {
                let holder = heap.reference(thread, "holder") ?? thread
                for object in [thread, heap.reference(holder, "task") ?? heap.reference(thread, "target")].compactMap({ $0 }) {
                    if let type = heap.type(of: object), !heap.classes.isPlatform(type), let name = heap.classes.name(type) { hooks.append("the shutdown hook \(name)") }
                }
            }
            return false
        }
        return Array(Set(hooks)).sorted()
    }

    /// Until `body` gives false.
    private func each(_ body: (UInt64) -> Bool) {
        var loader = heap.memory.pointer(head)
        var loaders = 0
        var classes = 0
        while let current = loader, loaders < Self.loaderLimit {
            var type = heap.memory.pointer(current &+ firstClass)
            while let found = type, classes < Self.classLimit {
                classes += 1
                guard body(found) else { return }
                type = heap.memory.pointer(found &+ nextClass)
            }
            loaders += 1
            loader = heap.memory.pointer(current &+ nextLoader)
        }
    }
}
