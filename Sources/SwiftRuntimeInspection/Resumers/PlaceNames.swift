internal import ProcessInspection

/// Says what kind of memory an address lies in.
struct PlaceNames {
    enum Place: Hashable {
        case heap
        /// Below the stack pointer of its thread, or that of an idle one: left over.
        case deadStack
        /// A stack or a global, in words.
        case named(String)
    }
    private let mappings: [MemoryMapping]
    private let stacks: [(mapping: Range<UInt64>, thread: ThreadStacks.Thread)]
    /// Bytes below the stack pointer that leaf functions may use: x86-64 psABI, 3.2.2.
    static let redZone: UInt64 = 128

    init(mappings: [MemoryMapping], threads: ThreadStacks) {
        self.mappings = mappings
        stacks = threads.stacks(in: mappings)
    }

    func place(of address: UInt64) -> Place {
        if let stack = stacks.first(where: { $0.mapping.contains(address) }) {
            if stack.thread.isIdle || address < (stack.thread.stackPointer ?? 0) &- Self.redZone { return .deadStack }
            return .named("the stack of thread \(stack.thread.tid)")
        }
        guard let mapping = mappings.containing(address) else { return .heap }
        if mapping.isFile { return .named("a global of \(Self.file(mapping.path))") }
        if mapping.path == "[heap]" { return .heap }
        if mapping.path == "[stack]" { return .named("the main thread's stack") }
        // A library's zero-initialised data follows its file's mapping.
        if mapping.path.isEmpty, let before = mappings.containing(mapping.start &- 1), before.isFile {
            return .named("a global of \(Self.file(before.path))")
        }
        return .heap
    }

    private static func file(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
