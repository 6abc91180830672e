internal import Evidence

/// Waits for a class that another thread is initializing.
struct JavaClassInitialization {
    private let heap: JavaHeap
    private let running: [LoadedClasses.Initializing]
    private let threads: [UInt64: Int32]

    init(_ classes: LoadedClasses, _ heap: JavaHeap, _ threads: [JavaThread]) {
        self.heap = heap
        running = classes.initializing()
        self.threads = Dictionary(threads.map { ($0.address, $0.tid) }, uniquingKeysWith: { first, _ in first })
    }

    /// Words of a java.lang.Class object among which its initialization lock is looked for.
    private static let mirrorWords: UInt64 = 64

    /// - Parameter lock: the object waited on: until JDK 21 an empty array that the class refers to; nil for later
    ///   versions, which wait inside the virtual machine: then the class is the only one that another thread initializes.
    func wait(of tid: Int32, lock: UInt64?) -> ManagedWait? {
        let others = running.filter { $0.thread != 0 && threads[$0.thread] != tid }
        let found = lock.map { lock in others.first { refers($0.mirror, to: lock) } } ?? (others.count == 1 ? others[0] : nil)
        guard let found, let owner = threads[found.thread] else { return nil }
        var wait = ManagedWait(
            kind: .lock, object: found.mirror, typeName: "initialization of class \(found.name)", knownFrom: "the thread that initializes the class")
        wait.ownerTID = owner
        wait.ownerAlive = true
        return wait
    }

    private func refers(_ mirror: UInt64, to lock: UInt64) -> Bool {
        (1..<Self.mirrorWords).contains { heap.reference(at: mirror &+ $0 * heap.referenceSize) == lock }
    }
}
