/// One thing that waits or is waited for.
package enum NodeKey: Hashable, Sendable {
    case job(String)
    case span(String)
    case task(pid: Int32, id: UInt64)
    case actor(pid: Int32, address: UInt64)
    case thread(pid: Int32, tid: Int32)
    case process(Int32)
    /// A mutex, condition, semaphore, barrier or bare futex, by its object's address.
    case futex(pid: Int32, address: UInt64)
    case descriptor(pid: Int32, fd: Int32)
    /// A socket by its inode; `side` tells orphans (inode 0) apart.
    case socket(inode: UInt64, side: String)
    /// An address elsewhere.
    case peer(String)
    case pipe(inode: UInt64)
    /// A file lock by its row in the snapshot's table.
    case fileLock(Int)
    case timer(pid: Int32, tid: Int32)
    /// Swift's cooperative pool of a process, or another executor.
    case executor(pid: Int32, address: UInt64)
}

/// What an edge "waits for" means.
package enum Relation: String, Hashable, Sendable {
    /// Thread to mutex or read-write lock.
    case locks
    /// Mutex to the thread that holds it; file lock to the process that holds it.
    case heldBy
    /// Thread to condition, semaphore, barrier or a futex nobody owns.
    case parksOn
    /// Thread to the thread whose end it waits for.
    case joins
    case reads, writes, accepts, connects, polls, opens
    /// Connection or pipe to the process at its other end.
    case otherEnd
    /// Thread to child process.
    case waitsForExit
    case sleeps
    case locksFile
    /// Process to the thread, or task to the thread, that holds it up.
    case runsOn
    /// Task to task, group or actor.
    case awaits
    case queuedOn
    /// Job to span, span to span, span to task or connection.
    case performs
    /// Stopped by a signal or a tracer.
    case stoppedBy
}
