package import ProcessInspection

/// Swift's concurrency runtime in one process: where it is, which layout it has, and the
/// addresses that its debug variables export (`_swift_concurrency_debug_*`, Debug.h in the runtime).
package struct ConcurrencyRuntime: Sendable {
    package var layout: RuntimeLayout
    /// Word 0 of every task.
    package var taskMetadata: UInt64
    /// Word 0 of every piece of a task's own stack; nil when not exported.
    package var slabMetadata: UInt64?
    package var futureAdapter: UInt64?
    package var nonFutureAdapter: UInt64?
    /// Functions that finish a wait before the waiter goes on: not the waiter's own frames.
    package var waitAdapters: Set<UInt64>
    /// The library, or the executable when linked statically.
    package var image: DynamicImage
    package var path: String
    package var threadLocalModule: UInt64?
    /// Whether the runtime is linked into the executable: its thread-local storage then lies at an unknown place in the
    /// executable's own.
    package var isStatic = false
    /// Whether the layout is a guess, since nothing says which it is: what is found has to bear it out.
    package var isAssumed = false

    /// Why a process's tasks cannot be read.
    package enum Absence: Error, Sendable, Hashable {
        /// No runtime among its images: not a Swift process, or one that uses no concurrency.
        case noRuntime
        /// Loaded, and no task was ever made: the runtime fills its debug variables in with the first.
        case unused(path: String)
        /// - Parameter key: nil when the runtime does not say which it is, and its tasks look like none that we know.
        case unknownLayout(RuntimeLayout.Key?, path: String)
        case unreadable(String)

        package var reason: String {
            switch self {
            case .noRuntime: "no Swift concurrency runtime is loaded"
            case .unused(let path): "\(path) is loaded, and no task was ever made"
            case .unknownLayout(let key, let path):
                "unknown runtime layout in \(path) (\(key?.description ?? "it has no symbols")); see docs/task-forest.md on adding one"
            case .unreadable(let what): what
            }
        }

        /// Whether it is certain that there are no tasks.
        var isEmptiness: Bool {
            switch self {
            case .noRuntime, .unused: true
            case .unknownLayout, .unreadable: false
            }
        }
    }

    private static let prefix = "_swift_concurrency_debug_"
    private static let variables = [
        "asyncTaskMetadata", "asyncTaskSlabMetadata", "asyncTaskSize", "internal_layout_version", "supportsPriorityEscalation", "future_adapter",
        "non_future_adapter", "task_wait_throwing_resume_adapter", "task_future_wait_resume_adapter",
    ]

    /// - Parameters:
    ///   - memory: the target's.
    ///   - mappings: the target's, in ascending order.
    ///   - staticSymbol: gives the address in memory of a symbol of the executable, from its full symbol table.
    package static func locate(
        memory: any MemoryReader, mappings: [MemoryMapping], layouts: [RuntimeLayout.Key: RuntimeLayout] = RuntimeLayout.known,
        staticSymbol: (String) -> UInt64? = { _ in nil }
    ) throws(Absence) -> ConcurrencyRuntime {
        var seen: Set<String> = []
        let images = mappings.filter { $0.isFile && $0.fileOffset == 0 && seen.insert($0.path).inserted }
        let library = images.first { $0.path.split(separator: "/").last?.hasPrefix("libswift_Concurrency.so") == true }
        guard let candidate = library else {
            guard let address = staticSymbol(prefix + "asyncTaskMetadata"), let home = mappings.containing(address),
                let executable = images.first(where: { $0.path == home.path }),
                let image = DynamicImage(at: executable.start, memory: memory)
            else {
                guard let stripped = StrippedRuntime.locate(memory: memory, mappings: mappings) else { throw .noRuntime }
                return try ConcurrencyRuntime(stripped, memory: memory, layouts: layouts)
            }
            var symbols: [String: UInt64] = [:]
            for name in variables { symbols[prefix + name] = staticSymbol(prefix + name) }
            var runtime = try ConcurrencyRuntime(image: image, path: home.path, symbols: symbols, memory: memory, layouts: layouts)
            runtime.isStatic = true
            // The executable is the first module: ELF Handling For Thread-Local Storage, section 3.4.
            runtime.threadLocalModule = 1
            return runtime
        }
        guard let image = DynamicImage(at: candidate.start, memory: memory) else {
            throw .unreadable("\(candidate.path) is loaded and its headers cannot be read")
        }
        let symbols = image.symbols(Set(variables.map { prefix + $0 }))
        return try ConcurrencyRuntime(image: image, path: candidate.path, symbols: symbols, memory: memory, layouts: layouts)
    }

    init(
        image: DynamicImage, path: String, symbols: [String: UInt64], memory: any MemoryReader,
        layouts: [RuntimeLayout.Key: RuntimeLayout]
    ) throws(Absence) {
        func load<Value: BitwiseCopyable>(_ name: String, as type: Value.Type) -> Value? {
            symbols[Self.prefix + name].flatMap { try? memory.load(type, at: $0) }
        }
        if load("asyncTaskMetadata", as: UInt64.self) == 0 { throw .unused(path: path) }
        guard let taskMetadata = load("asyncTaskMetadata", as: UInt64.self),
            let size = load("asyncTaskSize", as: UInt64.self)
        else {
            // Found and not readable is another matter than not there.
            let why = symbols.isEmpty ? "none is in its table of symbols" : "\(symbols.count) of \(Self.variables.count) are in its table of symbols"
            throw .unreadable("\(path): the runtime's debug variables cannot be read (\(why))")
        }
        let key = RuntimeLayout.Key(
            asyncTaskSize: size, internalLayoutVersion: load("internal_layout_version", as: UInt32.self) ?? 0,
            supportsPriorityEscalation: (load("supportsPriorityEscalation", as: UInt8.self) ?? 0) != 0)
        guard let layout = layouts[key] else { throw .unknownLayout(key, path: path) }
        self.layout = layout
        self.taskMetadata = taskMetadata
        slabMetadata = load("asyncTaskSlabMetadata", as: UInt64.self)
        self.image = image
        self.path = path
        futureAdapter = load("future_adapter", as: UInt64.self)
        nonFutureAdapter = load("non_future_adapter", as: UInt64.self)
        waitAdapters = Set(
            ["task_wait_throwing_resume_adapter", "task_future_wait_resume_adapter"]
                .compactMap { load($0, as: UInt64.self) })
        threadLocalModule = image.threadLocalModule()
    }

    /// - Parameter layouts: the newest of them is assumed.
    init(_ stripped: StrippedRuntime, memory: any MemoryReader, layouts: [RuntimeLayout.Key: RuntimeLayout]) throws(Absence) {
        guard let layout = layouts.values.max(by: { $0.name < $1.name }), let image = DynamicImage(at: stripped.image, memory: memory) else {
            throw .unknownLayout(nil, path: stripped.path)
        }
        self.layout = layout
        self.image = image
        path = stripped.path
        taskMetadata = stripped.taskMetadata
        slabMetadata = stripped.slabMetadata
        futureAdapter = stripped.futureAdapter
        nonFutureAdapter = stripped.nonFutureAdapter
        waitAdapters = stripped.waitAdapters
        threadLocalModule = image.threadLocalModule() ?? 1
        isStatic = true
        isAssumed = true
    }
}
