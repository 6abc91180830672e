package import Evidence

/// What shows that a thread which waits within its process is in the middle of an operation, and not parked where work would wake it.
package enum MidOperation: Hashable, Sendable {
    /// For one of so many permits, all of which are taken: a semaphore of Dispatch that was made with them.
    case permit(of: Int)
    /// In a block of a serial queue behind which more is queued.
    case serialQueue(label: String, queued: Int)
    /// In a function of the program's that a library called in the middle of one of its own, such as a database's transaction.
    case callback(library: String)
    /// For the end of work that was begun: a group of Dispatch that was entered so often and not left.
    case group(entries: Int)
    /// For what it made and handed to others to signal, of whom nobody has it any more.
    case forgotten
    /// For the one result of something; within a piece of work of a pool, maybe for another of it.
    case result(of: String, isNested: Bool)

    /// Whether whoever waits for all of some work, or for its end, may wait for what others bring about in their own time.
    package var awaitsOthers: Bool {
        switch self {
        case .group, .result(_, isNested: false): true
        case .permit, .serialQueue, .callback, .forgotten, .result: false
        }
    }

    /// Whether it keeps a thread of a pool from work that may be what it waits for.
    package var fillsPool: Bool { if case .result(_, isNested: true) = self { true } else { false } }

    package init?(_ thread: ThreadRecord) {
        guard let wait = thread.wait, wait.kind == .futex, let futex = wait.futex, (wait.timeout_s ?? 0) <= 0, thread.managedWait == nil else { return nil }
        let shape = StackShape(thread)
        guard !shape.runsEventLoop else { return nil }
        switch futex.flavour {
        case _ where futex.isForgotten == true: self = .forgotten
        case "dispatch semaphore" where (futex.count ?? 0) > 0: self = .permit(of: futex.count ?? 0)
        case _ where wait.blockedQueue != nil: self = .serialQueue(label: wait.blockedQueue?.label ?? "", queued: wait.blockedQueue?.queued ?? 0)
        case _ where shape.libraryCalling != nil: self = .callback(library: shape.libraryCalling ?? "")
        case "dispatch group": self = .group(entries: futex.count ?? 0)
        default:
            guard let result = shape.awaitedResult else { return nil }
            self = result
        }
    }
}

extension StackShape {
    /// Within an operation of Foundation's OperationQueue, or what was handed over to an NIOThreadPool (NIOPosix/NIOThreadPool.swift).
    package var isPooledWork: Bool {
        frames.contains { frame in
            let symbol = frame.symbol ?? ""
            return symbol.hasPrefix("$s10Foundation14OperationQueueC8_execute") || symbol.hasPrefix("$s8NIOPosix13NIOThreadPoolC") && symbol.contains("runIfActive")
        }
    }

    /// Foundation's operations and NIO's futures, by the symbols of the functions that wait for their end.
    fileprivate var awaitedResult: MidOperation? {
        let symbols = frames.prefix(16).map { $0.symbol ?? "" }
        if symbols.contains(where: { $0.hasPrefix("$s10Foundation9OperationC17waitUntilFinished") || $0.hasPrefix("$s10Foundation14OperationQueueC31waitUntilAllOperationsAreFinished") }) {
            return .result(of: "an operation of an OperationQueue", isNested: isPooledWork)
        }
        // NIOCore/EventLoopFuture.swift
        if symbols.contains(where: { $0.hasPrefix("$s7NIOCore15EventLoopFutureC4wait") }) { return .result(of: "an EventLoopFuture", isNested: isPooledWork) }
        return nil
    }
}

extension WaitGraph {
    /// What the thread at a standstill's end is in the middle of; nil where nothing shows that it is.
    package func operation(of standstill: Standstill) -> MidOperation? { waiter(standstill).flatMap { MidOperation($0) } }

    /// Whether it ends at a Dispatch group, inside whatever operation.
    package func isGroup(_ standstill: Standstill) -> Bool { waiter(standstill)?.wait?.futex?.flavour == "dispatch group" }

    private func waiter(_ standstill: Standstill) -> ThreadRecord? {
        guard case .thread(let pid, let tid)? = standstill.path.last?.from, let thread = index.thread(tid), thread.pid == pid else { return nil }
        return understood(thread)
    }

    /// How many threads of a process are in the middle of work of a pool, all of which wait for a result; nil where one does not.
    package func pooledWaiters(_ pid: Int32) -> Int? {
        let members = index.threads(of: pid).filter { StackShape($0).isPooledWork }
        let wait = members.allSatisfy { if case .result? = MidOperation(understood($0)) { true } else { false } }
        return wait ? members.count : nil
    }
}
