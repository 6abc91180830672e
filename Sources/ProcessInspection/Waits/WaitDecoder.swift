package import Evidence

/// What is known of a thread when its wait is decoded.
package struct WaitContext {
    package var pid: Int32
    package var tid: Int32
    package var state: String
    package var call: (number: Int, arguments: [UInt64])?
    package var waitChannel: String?
    package var memory: any MemoryReader
    /// Symbols of the innermost frames, as the symbol table has them, innermost first.
    package var symbols: [String]
    package var clocks: ClockReading
    /// Reads fdinfo of the thread's own process.
    package var proc: ProcDirectory
    /// Turns ids of the process's own namespace into ours.
    package var ids: NamespaceIDs

    /// Argument of the system call, 0 where there is none.
    func argument(_ index: Int) -> UInt64 {
        guard let call, index < call.arguments.count else { return 0 }
        return call.arguments[index]
    }

    func descriptor(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: argument(index)) }

    /// Whether one of the innermost functions has a name that contains any of these.
    func called(_ names: String...) -> String? {
        for symbol in symbols {
            if let name = names.first(where: { symbol.utf8.contains($0.utf8) }) { return name }
        }
        return nil
    }

    /// Whether the innermost function of such a name has called what waits now, as whoever runs a one-time initialisation does, and does not wait
    /// itself: glibc's does so by an instruction of its own.
    func waits(within name: String) -> Bool {
        if symbols.first == "syscall", name == "pthread_once" || name == "swift_once" { return true }
        return symbols.prefix { !$0.utf8.contains(name.utf8) }.contains { symbol in Self.otherWaits.contains { symbol.utf8.contains($0.utf8) } }
    }

    /// Waits of the libraries of C++ and Rust, parking_lot's too.
    private static let otherWaits = [
        "__atomic_futex_unsigned", "St5latch", "tree_barrier", "St7barrier", "semaphore", "Condvar", "condvar", "park", "Park", "mpmc", "_contended",
    ]
}

/// Decodes a sleeping thread's system call to what it waits for.
package enum WaitDecoder {
    /// nil for a thread that runs, or sleeps in no system call for no known reason.
    package static func wait(_ context: WaitContext) -> ThreadWait? {
        switch context.state {
        case "T": return ThreadWait(kind: .stopped, detail: "stopped by a signal")
        case "t": return ThreadWait(kind: .traced, detail: "stopped by a tracer")
        case "R", "Z", "X": return nil
        default: break
        }
        guard let call = context.call else {
            if context.state == "D" { return ThreadWait(kind: .disk, detail: context.waitChannel) }
            // In no system call: a page fault. linux/fs/userfaultfd.c.
            return context.waitChannel == "handle_userfault"
                ? ThreadWait(kind: .other, detail: "a page of memory that a userfaultfd is to fill, in handle_userfault") : nil
        }
        if let wait = descriptorWait(call.number, context) ?? processWait(call.number, context) ?? timedWait(call.number, context) {
            return wait
        }
        if call.number == 202 { return FutexDecoder.wait(context) }
        if call.number == 426 { return RingDecoder.wait(context) }
        let name = SyscallNames.name(call.number)
        if context.state == "D" {
            return ThreadWait(kind: .disk, detail: name + (context.waitChannel.map { " in \($0)" } ?? ""))
        }
        return ThreadWait(kind: .other, detail: name + (context.waitChannel.map { " in \($0)" } ?? ""))
    }

    /// A call that was restarted after a stop shows as restart_syscall (219) with the first call's
    /// arguments. Which one it was, the instructions before tell, `mov $number,%eax; syscall`, or
    /// else the kernel function it sleeps in. Only four calls restart so: kernel, restart_block.
    package static func original(
        number: Int, programCounter: UInt64, waitChannel: String?, memory: any MemoryReader
    ) -> Int {
        guard number == 219 else { return number }
        let code = (try? memory.bytes(at: programCounter &- 32, upTo: 32)) ?? []
        if code.count == 32, code[30] == 0x0f, code[31] == 0x05 {
            for at in stride(from: 25, through: 0, by: -1) where code[at] == 0xb8 {
                let loaded = Int(code[at + 1]) | Int(code[at + 2]) << 8
                if code[at + 3] == 0, code[at + 4] == 0, [202, 230, 35, 7].contains(loaded) { return loaded }
            }
        }
        guard let waitChannel else { return number }
        if waitChannel.contains("futex") { return 202 }
        if waitChannel.contains("nanosleep") { return 230 }
        if waitChannel.contains("poll") { return 7 }
        return number
    }

    // MARK: Descriptors

    private static func descriptorWait(_ number: Int, _ context: WaitContext) -> ThreadWait? {
        switch number {
        case 0, 17, 19, 295, 327, 45, 47, 299: return one(context, .read)
        case 1, 18, 20, 296, 328, 44, 46, 307, 40: return one(context, .write)
        case 275, 276: return transfer(context)
        case 43, 288: return one(context, .accept)
        case 42:
            var wait = one(context, .connect)
            wait.detail = SocketAddressDecoder.text(context).map { "connects to \($0)" }
            return wait
        case 7, 271: return PollDecoder.poll(context, hasTimespec: number == 271)
        case 23, 270: return PollDecoder.select(context, hasTimespec: number == 270)
        case 232, 281, 441: return PollDecoder.epoll(context, hasTimespec: number == 441)
        case 72 where [7, 38].contains(context.argument(1)): return lock(context)
        case 73: return one(context, .lock, kind: .fileLock)
        case 2, 257: return open(context, pathArgument: number == 2 ? 0 : 1)
        default: return nil
        }
    }

    private static func one(
        _ context: WaitContext, _ operation: DescriptorInterest.Operation, kind: ThreadWait.Kind = .descriptors
    ) -> ThreadWait {
        var wait = ThreadWait(kind: context.state == "D" && kind == .descriptors ? .disk : kind)
        wait.descriptors = [DescriptorInterest(fd: context.descriptor(0), operation: operation)]
        return wait
    }

    /// splice, tee: from one descriptor to another; either may be the one that blocks.
    private static func transfer(_ context: WaitContext) -> ThreadWait {
        var wait = ThreadWait(kind: .descriptors)
        let isTee = context.call?.number == 276
        wait.descriptors = [
            DescriptorInterest(fd: context.descriptor(0), operation: .read),
            DescriptorInterest(fd: context.descriptor(isTee ? 1 : 2), operation: .write),
        ]
        return wait
    }

    /// F_SETLKW and F_OFD_SETLKW with struct flock {short type, whence; long start, len}: fcntl(2).
    private static func lock(_ context: WaitContext) -> ThreadWait {
        var wait = one(context, .lock, kind: .fileLock)
        let address = context.argument(2)
        if let start = try? context.memory.load(Int64.self, at: address &+ 8),
            let length = try? context.memory.load(Int64.self, at: address &+ 16),
            let whence = try? context.memory.load(Int16.self, at: address &+ 2), whence == 0, start >= 0, length >= 0
        {
            wait.rangeStart = UInt64(start)
            wait.rangeEnd = length == 0 ? nil : UInt64(start) &+ UInt64(length) &- 1
        }
        wait.detail = context.argument(1) == 38 ? "open file description lock" : "POSIX lock"
        return wait
    }

    /// Opening a FIFO waits for its other end: fifo(7). Opens of other files wait for a device.
    private static func open(_ context: WaitContext, pathArgument: Int) -> ThreadWait {
        let path = (try? context.memory.string(at: context.argument(pathArgument))).map { absolute($0, context, isAt: pathArgument == 1) } ?? "?"
        // O_ACCMODE: 0 read, 1 write.
        let writes = context.argument(pathArgument + 1) & 3 == 1
        let isFIFO = context.waitChannel.map { $0.contains("partner") || $0.contains("fifo") } ?? false
        guard isFIFO else {
            return ThreadWait(kind: context.state == "D" ? .disk : .other, detail: "opens \(path)")
        }
        var wait = ThreadWait(kind: .descriptors, detail: ThreadWait.opens(fifo: path, writes: writes))
        wait.descriptors = []
        return wait
    }

    /// As the process sees it: relative to its working directory, or to the directory that it gave (open(2); AT_FDCWD is -100).
    private static func absolute(_ path: String, _ context: WaitContext, isAt: Bool) -> String {
        guard !path.hasPrefix("/") else { return path }
        let fd = isAt ? Int32(truncatingIfNeeded: context.argument(0)) : -100
        let folder = fd == -100 ? try? context.proc.workingDirectory() : try? context.proc.descriptorTarget(fd)
        return folder.map { $0 == "/" ? "/\(path)" : "\($0)/\(path)" } ?? path
    }

    // MARK: Processes, signals, messages

    private static func processWait(_ number: Int, _ context: WaitContext) -> ThreadWait? {
        switch number {
        case 61:
            var wait = ThreadWait(kind: .child)
            let pid = Int32(truncatingIfNeeded: context.argument(0))
            wait.pid = pid > 0 ? context.ids.child(pid) : nil
            if pid < -1 { wait.detail = "any child of process group \(-Int64(pid))" }
            return wait
        case 247:
            var wait = ThreadWait(kind: .child)
            let id = Int32(truncatingIfNeeded: context.argument(1))
            // P_PID 1, P_PIDFD 3: waitid(2).
            if context.argument(0) == 1 { wait.pid = context.ids.child(id) }
            if context.argument(0) == 3 { wait.pid = (try? context.proc.descriptorInfo(id))?.targetPID }
            return wait
        case 58: return vfork(context)
        case 56 where context.argument(0) & 0x4000 != 0: return vfork(context)
        case 435 where ((try? context.memory.load(UInt64.self, at: context.argument(0))) ?? 0) & 0x4000 != 0:
            return vfork(context)
        case 34, 130: return ThreadWait(kind: .signal, detail: SyscallNames.name(number))
        case 128:
            var wait = ThreadWait(kind: .signal, detail: "sigtimedwait")
            wait.timeout_s = timespec(context, at: context.argument(2))
            return wait
        case 65, 220, 69, 70, 242, 243: return MessageDecoder.wait(number, context)
        default: return nil
        }
    }

    private static func vfork(_ context: WaitContext) -> ThreadWait {
        var wait = ThreadWait(kind: .vforkChild, detail: "until the child of vfork executes a program or exits")
        // The kernel does not say which child; the newest is the one, as the parent stands since.
        wait.pid = (try? context.proc.children())?.last
        return wait
    }

    // MARK: Time

    /// A sleep for so long as it was asked for; nil for other calls.
    static func sleep(_ number: Int, _ arguments: [UInt64], _ memory: any MemoryReader) -> ThreadWait? {
        // nanosleep 35; clock_nanosleep 230, without TIMER_ABSTIME 1.
        let row = number == 35 ? 0 : number == 230 && arguments.count > 2 && arguments[1] & 1 == 0 ? 2 : nil
        guard let row, row < arguments.count else { return nil }
        var wait = ThreadWait(kind: .sleep)
        wait.timeout_s = timespec(memory, at: arguments[row])
        return wait
    }

    private static func timedWait(_ number: Int, _ context: WaitContext) -> ThreadWait? {
        guard number == 35 || number == 230 else { return nil }
        var wait = ThreadWait(kind: .sleep)
        guard number == 230 else {
            wait.timeout_s = timespec(context, at: context.argument(0))
            return wait
        }
        let time = timespec(context, at: context.argument(2))
        // TIMER_ABSTIME 1: clock_nanosleep(2). CLOCK_REALTIME 0, CLOCK_MONOTONIC 1, CLOCK_BOOTTIME 7.
        guard context.argument(1) & 1 != 0, let time else { wait.timeout_s = time; return wait }
        let now = switch context.argument(0) {
        case 0, 11: context.clocks.wall_s
        case 7: context.clocks.boottime_s
        default: context.clocks.monotonic_s
        }
        wait.remaining_s = max(0, time - now)
        wait.timeout_s = wait.remaining_s
        wait.detail = "until a fixed time; how long it was asked for is not known"
        return wait
    }

    /// struct timespec {long seconds, nanoseconds} in the thread's memory; nil for a null pointer.
    static func timespec(_ context: WaitContext, at address: UInt64) -> Double? { timespec(context.memory, at: address) }

    private static func timespec(_ memory: any MemoryReader, at address: UInt64) -> Double? {
        guard address != 0, let seconds = try? memory.load(Int64.self, at: address), let nanoseconds = try? memory.load(Int64.self, at: address &+ 8)
        else { return nil }
        return Double(seconds) + Double(nanoseconds) / 1e9
    }
}

extension String.UTF8View {
    /// Byte by byte: asked of every innermost function of every thread, for a dozen names.
    fileprivate func contains(_ other: String.UTF8View) -> Bool {
        guard let first = other.first else { return true }
        let length = other.count
        guard count >= length else { return false }
        var rest = self[...]
        while let start = rest.firstIndex(of: first) {
            rest = rest[start...]
            if rest.starts(with: other) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
