internal import ProcessInspection

/// Where each thread's live stack is, and what its registers hold.
package struct ThreadStacks: Sendable {
    package struct Thread: Sendable {
        package var tid: Int32
        package var stackPointer: UInt64?
        /// Values of its general registers; nil when they were not seen.
        package var registers: [UInt64]?

        /// Waits in its pool for something to do: what its stack still holds is left over.
        package var isIdle: Bool
        /// Runs an event loop of SwiftNIO, as its frames say; nil where they say nothing.
        package var runsEventLoop: Bool?

        package init(tid: Int32, stackPointer: UInt64?, registers: [UInt64]?, isIdle: Bool = false, runsEventLoop: Bool? = nil) {
            self.runsEventLoop = runsEventLoop
            self.isIdle = isIdle
            self.tid = tid
            self.stackPointer = stackPointer
            self.registers = registers
        }
    }
    package var threads: [Thread]

    package init(_ threads: [Thread]) { self.threads = threads }

    /// Threads in a system call are read without stopping them: their registers hold nothing that their stacks do not.
    var unseenStacks: Int { threads.count { $0.stackPointer == nil && $0.registers == nil && !$0.isIdle } }

    /// Stacks as mapped, each with its thread and stack pointer; ascending.
    func stacks(in mappings: [MemoryMapping]) -> [(mapping: Range<UInt64>, thread: Thread)] {
        threads.compactMap { thread in
            guard let stackPointer = thread.stackPointer, let mapping = mappings.containing(stackPointer) else { return nil }
            return (mapping.start..<mapping.end, thread)
        }.sorted { $0.mapping.lowerBound < $1.mapping.lowerBound }
    }
}
