/// What a java.lang.Thread object says of its thread.
struct JavaThreadFacts {
    /// Address of the object.
    var object: UInt64
    var name: String?
    var isDaemon: Bool
    /// JVMTI thread state, java.lang.Thread's threadStatus.
    var status: Int
    /// What LockSupport.park was told it waits for.
    var parkBlocker: UInt64?
    /// The Runnable it was made with, as long as it runs.
    var task: UInt64?
    /// Belongs to the virtual machine or the platform: reference handler, compilers, cleaners.
    var isHousekeeping: Bool

    /// share/classfile/javaClasses.hpp, JavaThreadStatus.
    enum Status {
        static let blocked = 1025, waiting = 401, waitingTimed = 417, parked = 657, parkedTimed = 673, sleeping = 225
    }

    init(_ object: UInt64, _ heap: JavaHeap) {
        self.object = object
        name = heap.string(heap.reference(object, "name"))
        // JDK 19 moved part of the fields into a FieldHolder.
        let holder = heap.reference(object, "holder") ?? object
        isDaemon = heap.integer(holder, "daemon") == 1
        status = heap.integer(holder, "threadStatus") ?? 0
        parkBlocker = heap.reference(object, "parkBlocker")
        task = heap.reference(holder, "task") ?? heap.reference(object, "target")
        isHousekeeping = Self.isHousekeeping(object, holder, heap)
    }

    /// The group of the virtual machine's own threads is the only one without a parent; the platform's helpers are of a class of their own.
    private static func isHousekeeping(_ object: UInt64, _ holder: UInt64, _ heap: JavaHeap) -> Bool {
        if heap.ancestry(of: object).contains("jdk.internal.misc.InnocuousThread") { return true }
        guard let group = heap.reference(holder, "group"), heap.typeName(of: group) == "java.lang.ThreadGroup" else { return false }
        return heap.reference(group, "parent") == nil
    }
}
