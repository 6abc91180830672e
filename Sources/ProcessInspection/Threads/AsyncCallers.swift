/// The async functions that wait for a running one: they have no frames on the stack of its thread.
///
/// A Swift async function keeps its context below its saved frame pointer: "Swift Extended Frames",
/// swift/docs/ABI/CallConvSummary.rst. Outside Darwin no bit of the frame pointer marks it, so its prologue tells
/// (X86FrameLowering.cpp of LLVM, `swiftasync`). The context's first word is the caller's context, its second where
/// the caller goes on (AsyncContext, swift/include/swift/ABI/Task.h).
final class AsyncCallers {
    let memory: any MemoryReader
    let modules: ModuleTable
    /// Callers listed at most.
    private static let limit = 128
    /// push %rbp; push %r14; lea 8(%rsp),%rbp
    private static let prologue: [UInt8] = [0x55, 0x41, 0x56, 0x48, 0x8d, 0x6c, 0x24, 0x08]

    /// Places that were looked at: the same few come again in hundreds of threads.
    private var known: [CodeAddress: Bool] = [:]

    init(memory: any MemoryReader, modules: ModuleTable) {
        self.memory = memory
        self.modules = modules
    }

    /// - Parameter stackPointers: of the frames, innermost first; each is where the frame before it ends.
    /// - Returns: the frame that is an async function, and where its callers go on, nearest first; nil when none is.
    func callers(of copy: ThreadCopy, addresses: [CodeAddress], stackPointers: [UInt64]) -> (frame: Int, resumed: [UInt64])? {
        for (index, end) in stackPointers.enumerated().dropFirst() where end >= 24 && isAsync(addresses[index - 1]) {
            // Below the end of a frame: the return address, the saved frame pointer, the context.
            let stack = RecordedMemory([.init(address: copy.stackStart, bytes: copy.stack)], over: memory)
            guard let context = try? stack.load(UInt64.self, at: end &- 24) else { return nil }
            let resumed = chain(from: context)
            return resumed.isEmpty ? nil : (index - 1, resumed)
        }
        return nil
    }

    private func isAsync(_ address: CodeAddress) -> Bool {
        if let known = known[address] { return known }
        let answer = looksAsync(address)
        known[address] = answer
        return answer
    }

    private func looksAsync(_ address: CodeAddress) -> Bool {
        guard let module = modules.module(at: address.address) else { return false }
        let linked = (address.kind == .exact ? address.address : address.address &- 1) &- module.bias
        guard let function = module.image.function(at: linked), function.symbol.hasPrefix("$s"),
            // Within its prologue the frame is not made yet.
            linked &- function.start >= UInt64(Self.prologue.count)
        else { return false }
        return (try? memory.bytes(at: function.start &+ module.bias, upTo: Self.prologue.count)) == Self.prologue
    }

    private func chain(from first: UInt64) -> [UInt64] {
        var resumed: [UInt64] = []
        var seen: Set<UInt64> = []
        var context = first
        while resumed.count < Self.limit, context != 0, context % 8 == 0, seen.insert(context).inserted,
            let words = try? memory.array(of: UInt64.self, at: context, count: 2),
            modules.maps.containing(words[1])?.isExecutable == true
        {
            resumed.append(words[1])
            context = words[0]
        }
        return resumed
    }
}
