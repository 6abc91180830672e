internal import ProcessInspection

/// SwiftNIO's event loops in the memory of a process, and the threads that run them: a loop lies on the stack of its thread.
///
/// An EventLoopFuture (NIOCore/EventLoopFuture.swift) holds its value, whose size depends on its type, before or behind its event loop.
struct EventLoopObjects {
    private static let maximumStack_bytes = 1 << 16
    static let maximumFuture_bytes = 256

    let memory: any MemoryReader
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

    /// By loop: the thread that runs it.
    ///
    /// - Parameter threads: those that run some loop, with their stack pointers.
    func runners(among threads: some Sequence<(tid: Int32, stackPointer: UInt64?)>) -> [UInt64: Int32] {
        var runners: [UInt64: Int32] = [:]
        for thread in threads { for word in words(from: thread.stackPointer, upTo: Self.maximumStack_bytes) where isLoop(word) { runners[word] = thread.tid } }
        return runners
    }

    /// What lies on a stack, each word once.
    func words(from stackPointer: UInt64?, upTo limit: Int) -> Set<UInt64> {
        guard let stackPointer, let bytes = try? memory.bytes(at: stackPointer & ~7, upTo: limit) else { return [] }
        return Set(bytes.words)
    }
}
