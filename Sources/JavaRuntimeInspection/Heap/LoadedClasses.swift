/// All classes that the virtual machine has loaded, looked through for what stands in classes only.
struct LoadedClasses {
    private let heap: JavaHeap
    private let head, nextLoader, firstClass, nextClass, mirror: UInt64
    private let state, initializer: UInt64
    private let stateBeingInitialized: UInt8

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
