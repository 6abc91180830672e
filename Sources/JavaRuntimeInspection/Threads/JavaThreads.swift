/// The threads that the virtual machine knows.
struct JavaThreads {
    /// share/runtime/javaThread.hpp (thread.hpp until JDK 18), osThread.hpp.
    private let memory: TargetMemory
    private let list: UInt64
    private let length, items: UInt64
    private let osThread, threadID: UInt64
    private let object, anchor, stackBase, stackSize: UInt64
    private let state: UInt64
    private let blocked: UInt32
    private let pending, waiting, ownerID, lockStack: UInt64?
    private let lockStackTop, lockStackBase: UInt64?

    private static let limit: UInt32 = 20_000

    init(_ tables: HotSpotTables, _ memory: TargetMemory) throws(HotSpotAbsence) {
        self.memory = memory
        list = try tables.address("ThreadsSMRSupport::_java_thread_list")
        length = try tables.offset("ThreadsList::_length")
        items = try tables.offset("ThreadsList::_threads")
        osThread = try tables.offset("JavaThread::_osthread", "Thread::_osthread")
        threadID = try tables.offset("OSThread::_thread_id")
        object = try tables.offset("JavaThread::_threadObj")
        anchor = try tables.offset("JavaThread::_anchor")
        stackBase = try tables.offset("JavaThread::_stack_base", "Thread::_stack_base")
        stackSize = try tables.offset("JavaThread::_stack_size", "Thread::_stack_size")
        state = try tables.offset("JavaThread::_thread_state")
        blocked = UInt32(truncatingIfNeeded: tables.constants["_thread_blocked"] ?? 10)
        pending = try? tables.offset("JavaThread::_current_pending_monitor", "Thread::_current_pending_monitor")
        waiting = try? tables.offset("JavaThread::_current_waiting_monitor", "Thread::_current_waiting_monitor")
        ownerID = try? tables.offset("JavaThread::_monitor_owner_id", "JavaThread::_lock_id")
        lockStack = try? tables.offset("JavaThread::_lock_stack")
        lockStackTop = try? tables.offset("LockStack::_top")
        lockStackBase = try? tables.offset("LockStack::_base[0]")
    }

    func all() throws(HotSpotAbsence) -> [JavaThread] {
        guard let current = memory.pointer(list), let count = memory.load(UInt32.self, at: current &+ length), count > 0, count <= Self.limit,
            let threads = memory.pointer(current &+ items)
        else { throw HotSpotAbsence(reason: "the virtual machine's list of threads cannot be read") }
        return (0..<UInt64(count)).compactMap { memory.pointer(threads &+ $0 * 8).flatMap(thread) }
    }

    private func thread(_ address: UInt64) -> JavaThread? {
        guard let os = memory.pointer(address &+ osThread), let tid = memory.load(Int32.self, at: os &+ threadID), tid > 0,
            let base = memory.word(address &+ stackBase), let size = memory.word(address &+ stackSize), size > 0, size < base
        else { return nil }
        return JavaThread(
            address: address, tid: tid, isBlockedInside: memory.load(UInt32.self, at: address &+ state) == blocked, objectHandle: address &+ object, anchor: address &+ anchor, stack: base - size..<base,
            pendingMonitor: pending.flatMap { memory.pointer(address &+ $0) }, waitingMonitor: waiting.flatMap { memory.pointer(address &+ $0) },
            ownerID: ownerID.flatMap { memory.word(address &+ $0) }, lockSlots: lockSlots(address))
    }

    /// Places of the objects it holds locked without a monitor, JDK 21 on: share/runtime/lockStack.hpp. The top is an offset from the thread.
    private func lockSlots(_ address: UInt64) -> [UInt64] {
        guard let lockStack, let lockStackTop, let lockStackBase, let top = memory.load(UInt32.self, at: address &+ lockStack &+ lockStackTop) else { return [] }
        let start = lockStack &+ lockStackBase
        guard UInt64(top) > start, UInt64(top) - start <= 8 * 64 else { return [] }
        return stride(from: start, to: UInt64(top), by: 8).map { address &+ $0 }
    }
}

/// A thread as the virtual machine keeps it.
struct JavaThread {
    /// Of the JavaThread structure.
    var address: UInt64
    var tid: Int32
    /// Waits for something of the virtual machine.
    var isBlockedInside: Bool
    var objectHandle: UInt64
    var anchor: UInt64
    var stack: Range<UInt64>
    /// ObjectMonitor that it wants to enter, or waits on.
    var pendingMonitor: UInt64?
    var waitingMonitor: UInt64?
    /// What owned monitors say of their owner, JDK 24 on.
    var ownerID: UInt64?
    var lockSlots: [UInt64]
}
