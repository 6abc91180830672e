internal import Evidence

/// Decodes a futex wait to the object behind it, for glibc 2.34 and later on x86-64.
///
/// The kernel knows only an address. What lies there is told by the functions on the stack,
/// and where the symbols are missing by the operation and the shape of the memory.
enum FutexDecoder {
    /// futex(2) operations, linux/futex.h.
    private enum Operation {
        static let wait = 0, lockPI = 6, waitBitset = 9, waitRequeuePI = 11, lockPI2 = 13
        static let privateFlag = 128, realtimeFlag = 256
    }
    /// linux/futex.h: the owner's thread id, and flags, in a PI or robust futex word.
    private static let ownerMask: UInt32 = 0x3fff_ffff
    private static let ownerDied: UInt32 = 0x4000_0000

    static func wait(_ context: WaitContext) -> ThreadWait? {
        let raw = Int(context.argument(1) & 0x7f)
        guard [Operation.wait, Operation.lockPI, Operation.waitBitset, Operation.waitRequeuePI, Operation.lockPI2].contains(raw) else {
            return ThreadWait(kind: .other, detail: "futex operation \(raw)")
        }
        var futex = FutexWait(address: context.argument(0), operation: raw)
        futex.isShared = Int(context.argument(1)) & Operation.privateFlag == 0
        futex.word = try? context.memory.load(UInt32.self, at: futex.address)
        futex.expected = UInt32(truncatingIfNeeded: context.argument(2))
        identify(&futex, context)
        if let owner = futex.ownerTID {
            futex.ownerTID = context.ids.thread(owner)
            setOwner(context.ids.thread(owner), &futex, context)
        }
        // Some libraries never ask for a private futex: what lies in memory of its own is private all the same.
        if futex.isShared, futex.object != .join, isPrivate(futex.address, context) { futex.isShared = false }
        var wait = ThreadWait(kind: .futex)
        wait.futex = futex
        setTimeout(&wait, raw, context)
        return wait
    }

    private static func identify(_ futex: inout FutexWait, _ context: WaitContext) {
        if futex.operation == Operation.lockPI || futex.operation == Operation.lockPI2 { return priorityMutex(&futex) }
        if context.called("pthread_join", "pthread_timedjoin", "pthread_clockjoin") != nil { return join(&futex, "caller pthread_join") }
        if context.called("pthread_cond_wait", "pthread_cond_timedwait", "pthread_cond_clockwait") != nil {
            // The mutex is taken again on the way out: that wait expects 2 and is a plain one.
            if futex.operation == Operation.wait && futex.expected == 2 { return mutex(&futex, context, "the mutex of pthread_cond_wait") }
            return condition(&futex)
        }
        if let name = context.called("pthread_mutex_lock", "pthread_mutex_timedlock", "pthread_mutex_clocklock") {
            return mutex(&futex, context, "caller \(name)")
        }
        if let name = context.called("sem_wait", "sem_timedwait", "sem_clockwait", "_dispatch_sema4_wait", "_dispatch_semaphore_wait", "dispatch_group_wait") {
            futex.object = .semaphore
            futex.knownFrom = "caller \(name)"
            return
        }
        if let name = context.called("pthread_rwlock_rdlock", "pthread_rwlock_wrlock", "pthread_rwlock_timed", "pthread_rwlock_clock") {
            return readWriteLock(&futex, context, name)
        }
        if context.called("pthread_barrier_wait") != nil { return barrier(&futex, context) }
        if let name = context.called("pthread_once", "swift_once", "__cxa_guard_acquire", "dispatch_once"), !context.waits(within: name) {
            futex.object = .once
            futex.knownFrom = "caller \(name)"
            return
        }
        if isLanguageLock(&futex, context) { return }
        guess(&futex, context)
    }

    /// Locks that C++ and Rust build from futexes of their own, by the function of their runtime that waits:
    /// libstdc++'s bits/semaphore_base.h, latch, barrier, atomic_futex.h; Rust's library/std/src/sys/sync.
    private static func isLanguageLock(_ futex: inout FutexWait, _ context: WaitContext) -> Bool {
        func found(_ object: FutexWait.ObjectKind, _ name: String) -> Bool {
            futex.object = object
            futex.knownFrom = "caller \(name)"
            return true
        }
        if let name = context.called("lock_contended") { return found(.mutex, name) }
        if let name = context.called("read_contended", "write_contended") {
            rustReadWriteLock(&futex, context, writes: name.hasPrefix("write"))
            return found(.readWriteLock, name)
        }
        if let name = context.called("once::futex::Once", "4once5futex"), !context.waits(within: name) { return found(.once, name) }
        if let name = context.called("St5latch", "__tree_barrier", "St7barrier", "sync::barrier::Barrier", "4sync7barrier") { return found(.barrier, name) }
        if let name = context.called("counting_semaphore", "__atomic_semaphore", "__platform_semaphore", "__semaphore_impl") { return found(.semaphore, name) }
        if let name = context.called("__atomic_futex_unsigned", "Condvar::wait", "7condvar5futex", "7condvarNt") { return found(.condition, name) }
        return false
    }

    /// library/std/src/sys/sync/rwlock/futex.rs: state 0, writer_notify 4; readers count in the low 30 bits, all ones for a writer.
    private static func rustReadWriteLock(_ futex: inout FutexWait, _ context: WaitContext, writes: Bool) {
        if writes { futex.objectAddress = futex.address &- 4 }
        guard let state = try? context.memory.load(UInt32.self, at: futex.objectAddress) else { return }
        let readers = state & 0x3fff_ffff
        futex.count = readers == 0x3fff_ffff ? 0 : Int(readers)
    }

    /// Whether an address lies in a private mapping of its process.
    private static func isPrivate(_ address: UInt64, _ context: WaitContext) -> Bool {
        guard let mappings = try? context.proc.maps() else { return false }
        return mappings.contains { $0.start <= address && address < $0.end && !$0.isShared }
    }

    /// Without symbols: the operation, the expected value and the memory around.
    private static func guess(_ futex: inout FutexWait, _ context: WaitContext) {
        // pthread_join waits on the thread's id, shared, until the kernel clears it: CLONE_CHILD_CLEARTID.
        if futex.isShared, futex.operation == Operation.waitBitset, let word = futex.word, word == futex.expected,
            isThread(Int32(truncatingIfNeeded: word), context)
        {
            return join(&futex, "a thread id at the futex word")
        }
        // glibc's low-level lock: 2 means locked with waiters; a mutex has its owner 8 bytes on.
        if futex.operation == Operation.wait, futex.expected == 2, futex.word == 2,
            let owner = try? context.memory.load(Int32.self, at: futex.address &+ 8), isThread(owner, context)
        {
            return mutex(&futex, context, "owner field of what looks like a pthread_mutex_t")
        }
        if let word = futex.word, word & ownerMask != 0, futex.expected == word, word & 0x8000_0000 != 0,
            isThread(Int32(word & ownerMask), context)
        {
            // Robust mutexes have their owner's id in the word itself: kind 0x10 at offset 16.
            let kind = (try? context.memory.load(UInt32.self, at: futex.address &+ 16)) ?? 0
            if kind & 0x10 != 0, kind & 0xf <= 3 { return mutex(&futex, context, "a thread id in the futex word") }
            futex.object = .mutex
            futex.ownerTID = Int32(word & ownerMask)
            futex.knownFrom = "a thread id in the futex word"
        }
    }

    // MARK: Objects

    /// struct __pthread_mutex_s: lock 0, count 4, owner 8, nusers 12, kind 16.
    private static func mutex(_ futex: inout FutexWait, _ context: WaitContext, _ knownFrom: String) {
        futex.object = .mutex
        futex.knownFrom = knownFrom
        guard let fields = try? context.memory.array(of: UInt32.self, at: futex.address, count: 5) else { return }
        let kind = fields[4]
        // nptl/pthreadP.h: type in the low bits, 0x10 robust, 0x20 PI, 0x40 priority protect.
        futex.flavour = kind & 0x10 != 0 ? "robust" : kind & 0x20 != 0 ? "priority-inheriting"
            : ["normal", "recursive", "errorcheck", "adaptive"][Int(kind & 3)]
        let inWord = kind & 0x10 != 0
        let owner = Int32(bitPattern: inWord ? fields[0] & ownerMask : fields[2])
        guard owner > 0 else { return }
        futex.ownerTID = owner
        if !knownFrom.hasPrefix("owner") { futex.knownFrom = "\(knownFrom); owner field of pthread_mutex_t" }
        if inWord, fields[0] & ownerDied != 0 { futex.ownerAlive = false }
    }

    /// The kernel itself demands the owner's thread id in the word: futex(2), "Priority-inheritance futexes".
    private static func priorityMutex(_ futex: inout FutexWait) {
        futex.object = .mutex
        futex.flavour = "priority-inheriting"
        futex.knownFrom = "a priority-inheritance futex"
        guard let word = futex.word, word & ownerMask != 0 else { return }
        futex.ownerTID = Int32(word & ownerMask)
        if word & ownerDied != 0 { futex.ownerAlive = false }
    }

    /// struct __pthread_cond_s: the two groups' signal words lie at 40 and 44; a condition is 8-aligned.
    private static func condition(_ futex: inout FutexWait) {
        futex.object = .condition
        futex.objectAddress = futex.address &- (futex.address % 8 == 0 ? 40 : 44)
        futex.knownFrom = "caller pthread_cond_wait"
    }

    private static func join(_ futex: inout FutexWait, _ knownFrom: String) {
        futex.object = .join
        futex.knownFrom = knownFrom
        if let expected = futex.expected, expected != 0 { futex.ownerTID = Int32(truncatingIfNeeded: expected) }
    }

    /// struct __pthread_rwlock_arch_t: readers 0, writers 4, write phase futex 8, writers futex 12,
    /// current writer 24. An 8-aligned lock; a reader may also wait on `readers` itself.
    private static func readWriteLock(_ futex: inout FutexWait, _ context: WaitContext, _ caller: String) {
        futex.object = .readWriteLock
        futex.knownFrom = "caller \(caller)"
        // PTHREAD_RWLOCK_WRPHASE 1 and FUTEX_USED 2 are all that the write phase's word has; `readers` counts from 8 on.
        let onReaders = (futex.expected ?? 0) >= 8
        let offsets: [UInt64] = futex.address % 8 == 4 ? [12] : onReaders ? [0, 8] : [8, 0]
        for offset in offsets {
            let base = futex.address &- offset
            guard let fields = try? context.memory.array(of: UInt32.self, at: base, count: 8), fields[7] <= 1,
                fields[6] == 0 || isThread(Int32(truncatingIfNeeded: fields[6]), context) || offset == offsets.last
            else { continue }
            futex.objectAddress = base
            if fields[6] != 0 { futex.ownerTID = Int32(truncatingIfNeeded: fields[6]) }
            // PTHREAD_RWLOCK_READER_SHIFT 3, nptl/pthread_rwlock_common.c; a reader that waits for the phase to change counts itself.
            let readers = Int(fields[0] >> 3)
            futex.count = fields[6] == 0 ? readers - (caller.contains("rdlock") && offset != 0 ? 1 : 0) : 0
            return
        }
    }

    /// struct pthread_barrier: in 0, current round 4, count 8, shared 12, out 16. Waits on the round.
    private static func barrier(_ futex: inout FutexWait, _ context: WaitContext) {
        futex.object = .barrier
        futex.knownFrom = "caller pthread_barrier_wait"
        futex.objectAddress = futex.address &- 4
        guard let fields = try? context.memory.array(of: UInt32.self, at: futex.objectAddress, count: 3) else { return }
        let arrived = fields[0] &- fields[1]
        if arrived <= fields[2] { futex.count = Int(fields[2] - arrived) }
    }

    // MARK: Owners and time

    private static func isThread(_ id: Int32, _ context: WaitContext) -> Bool {
        id > 0 && (try? ProcDirectory(pid: context.pid, tid: context.ids.thread(id)).stat()) != nil
    }

    private static func setOwner(_ owner: Int32, _ futex: inout FutexWait, _ context: WaitContext) {
        if let stat = try? ProcDirectory(pid: context.pid, tid: owner).stat() {
            if futex.ownerAlive == nil { futex.ownerAlive = stat.state != "Z" && stat.state != "X" }
        } else if futex.isShared, let status = try? ProcDirectory(pid: owner).status(), let group: Int32 = status.number("Tgid"), group != context.pid {
            futex.ownerPID = group
            if futex.ownerAlive == nil { futex.ownerAlive = true }
        } else {
            futex.ownerAlive = false
        }
    }

    /// FUTEX_WAIT takes a relative time; the others an absolute one on the clock their flag names.
    private static func setTimeout(_ wait: inout ThreadWait, _ operation: Int, _ context: WaitContext) {
        guard let time = WaitDecoder.timespec(context, at: context.argument(3)) else { return }
        guard operation != Operation.wait else { wait.timeout_s = time; return }
        let isWall = Int(context.argument(1)) & Operation.realtimeFlag != 0 || operation == Operation.lockPI
        wait.remaining_s = max(0, time - (isWall ? context.clocks.wall_s : context.clocks.monotonic_s))
        wait.timeout_s = wait.remaining_s
    }
}
