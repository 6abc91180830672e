package import Evidence

/// Registers and stack of one thread, copied while it stood still (or while it slept).
package struct ThreadCopy: Sendable {
    package var tid: Int32
    /// In DWARF order: rax rdx rcx rbx rsi rdi rbp rsp r8 ... r15 rip.
    package var registers: [UInt64]
    /// Bit N is set when register N is known; without a stop only rsp and rip are.
    package var known: UInt32
    /// Base of thread-local storage; nil when it was not stopped.
    package var threadPointer: UInt64?
    /// Where the kernel writes whenever it moves the thread to another processor; 0 where it does not.
    package var rseq: UInt64 = 0
    package var stackStart: UInt64
    package var stack: [UInt8]
    package var pause: ThreadPause
    /// The system call it was in just before it was touched.
    package var syscall: SyscallReading?
    /// Why there is no stack, or why it was not stopped.
    package var note: String?

    package static let allRegisters: UInt32 = (1 << 17) - 1
    package static let stackPointerIndex = 7
    package static let programCounterIndex = 16

    package init(tid: Int32) {
        self.tid = tid
        registers = Array(repeating: 0, count: 17)
        known = 0
        stackStart = 0
        stack = []
        pause = ThreadPause(method: .none, duration_ms: 0)
    }

    package var stackPointer: UInt64 { registers[Self.stackPointerIndex] }
    package var programCounter: UInt64 { registers[Self.programCounterIndex] }
}
