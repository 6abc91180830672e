internal import Evidence

/// Monitors, the locks behind `synchronized` and `Object.wait`.
struct JavaMonitors {
    private let memory: TargetMemory
    /// Nil where the heap cannot be read: owners are known all the same.
    private let heap: JavaHeap?
    private let object, owner: UInt64
    private let ownerIsID: Bool
    private let objectIsDirect: Bool

    /// share/runtime/objectMonitor.hpp: locked without a monitor by a thread that is found on the lock stacks.
    private static let anonymousOwner: UInt64 = 1

    init(_ tables: HotSpotTables, _ memory: TargetMemory, _ heap: JavaHeap?) throws(HotSpotAbsence) {
        self.memory = memory
        self.heap = heap
        object = try tables.offset("ObjectMonitor::_object")
        owner = try tables.offset("ObjectMonitor::_owner")
        ownerIsID = tables.fields["JavaThread::_monitor_owner_id"] != nil || tables.fields["JavaThread::_lock_id"] != nil
        // Until JDK 15 the object itself; since then a WeakHandle.
        objectIsDirect = tables.sizes["ObjectMonitor"] != nil && tables.fields["MonitorList::_head"] == nil && tables.fields["ObjectSynchronizer::_in_use_list"] == nil
    }

    /// The object whose monitor it is.
    func object(of monitor: UInt64) -> UInt64? { heap?.handle(at: monitor &+ object, isDirect: objectIsDirect) }

    /// The thread that holds it; nil when it is free, or the owner is none of these.
    func owner(of monitor: UInt64, among threads: [JavaThread]) -> JavaThread? {
        guard let value = memory.pointer(monitor &+ owner) else { return nil }
        if value == Self.anonymousOwner {
            guard let object = object(of: monitor) else { return nil }
            return threads.first { thread in thread.lockSlots.contains { memory.word($0) == object } }
        }
        if ownerIsID { return threads.first { $0.ownerID == value } }
        // A lock that was taken before it had a monitor is known by a place on its owner's stack.
        return threads.first { $0.address == value } ?? threads.first { $0.stack.contains(value) }
    }

    /// A monitor that the thread wants to enter: its owner, and its object's class where that can be read.
    func enter(_ monitor: UInt64, among threads: [JavaThread]) -> ManagedWait {
        let object = object(of: monitor)
        let type = object.flatMap { heap?.typeName(of: $0) }
        var wait = ManagedWait(
            kind: .lock, object: object ?? monitor, typeName: type.map { $0 == "java.lang.Class" ? "monitor of a class" : "monitor of \($0)" } ?? "monitor",
            knownFrom: "owner field of the object's monitor")
        wait.ownerTID = owner(of: monitor, among: threads)?.tid
        if wait.ownerTID != nil { wait.ownerAlive = true }
        return wait
    }
}
