internal import ProcessInspection

/// SwiftNIO's event loops in the memory of a process, and the threads that run them: a loop lies on the stack of its thread.
///
/// An EventLoopFuture (NIOCore/EventLoopFuture.swift) holds its value, whose size depends on its type, before or behind its event loop.
struct EventLoopObjects {
    private static let maximumStack_bytes = 1 << 16
    static let maximumFuture_bytes = 256
    private static let maximumFields_bytes = 1 << 12

    let memory: any MemoryReader
    let mappings: [MemoryMapping]
    let types: TypeNames
    /// How many bytes the object that begins at an address has, at most; nil where none does.
    var size: (UInt64) -> Int? = { _ in maximumFuture_bytes }

    func isLoop(_ address: UInt64) -> Bool { isObject(address, "SelectableEventLoop") }

    func isFuture(_ address: UInt64) -> Bool { isObject(address, "EventLoopFuture") }

    private func isObject(_ address: UInt64, _ name: String) -> Bool { address & 7 == 0 && size(address) != nil && types.ofObject(at: address) == name }

    func loop(ofFuture future: UInt64) -> UInt64? {
        guard let size = size(future) else { return nil }
        return (try? memory.bytes(at: future, upTo: min(size, Self.maximumFuture_bytes)))?.words.first(where: isLoop)
    }

    /// Loops among some words, and in the fields of the program's own objects among them.
    func loops(heldBy words: some Sequence<UInt64>) -> Set<UInt64> {
        var loops: Set<UInt64> = []
        for word in Set(words) where word > 4096 && word & 7 == 0 {
            if isLoop(word) { loops.insert(word); continue }
            guard let module = types.module(ofObject: word), !module.hasPrefix("NIO"), let size = types.instanceSize(ofObject: word),
                let fields = try? memory.bytes(at: word, upTo: min(size, Self.maximumFields_bytes))
            else { continue }
            loops.formUnion(fields.words.filter(isLoop))
        }
        return loops
    }

    /// By loop: the thread that runs it. A thread runs one loop; of others its stack may hold a word here and there.
    ///
    /// - Parameter threads: those that run some loop, with their stack pointers.
    func runners(among threads: some Sequence<(tid: Int32, stackPointer: UInt64?)>) -> [UInt64: Int32] {
        var runners: [UInt64: Int32] = [:]
        for thread in threads {
            let counts = Dictionary(stack(from: thread.stackPointer, upTo: Self.maximumStack_bytes).map { ($0, 1) }, uniquingKeysWith: +)
            let loops = counts.filter { isLoop($0.key) }
            let most = loops.values.max()
            for (loop, count) in loops where count == most { runners[loop] = thread.tid }
        }
        return runners
    }

    /// What lies on a thread's stack, innermost first: not beyond it, where another thread's heap may follow.
    func stack(from stackPointer: UInt64?, upTo limit: Int) -> [UInt64] {
        guard let start = stackPointer.map({ $0 & ~7 }), let end = mappings.containing(start)?.end else { return [] }
        return words(from: start, upTo: Int(min(UInt64(limit), end - start)))
    }

    func words(from address: UInt64, upTo limit: Int) -> [UInt64] { (try? memory.bytes(at: address, upTo: limit))?.words ?? [] }
}
