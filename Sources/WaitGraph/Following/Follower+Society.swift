package import Evidence

/// Threads that wait for each other and for nobody else, while others tick.
extension Follower {
    /// Whether that is shown of a thread: it has given others something and waits for what they bring, who wait for more; or it waits for a member of a pool, of which none was given back.
    package func isAmongItsOwn(_ thread: ThreadRecord) -> Bool {
        switch thread.codeAhead?.enders {
        case .waiters?: true
        case .takers?: StackShape(thread).poolFunction() != nil || hasIdleConnections(thread.pid)
        case nil: false
        }
    }

    /// Whether a thread waits for what only those could bring who have come past that wait, with nothing to tell whether that was taken away or has come to its end.
    package func awaitsTakers(_ standstill: Standstill) -> Bool {
        guard case .thread(let pid, let tid)? = standstill.path.last?.from, let thread = index.thread(tid), thread.codeAhead?.enders == .takers else { return false }
        return activity.change(of: tid) == .stood && isLulled(pid) && !handlesSignals(pid)
    }

    /// Connections that the process has made and that nobody waits at, as those are that were lent and not given back.
    private func hasIdleConnections(_ pid: Int32) -> Bool {
        unattendedSockets(of: pid).contains { index.sockets[$0].state == .established && index.isClient(index.sockets[$0]) == true }
    }
}

extension StackShape {
    /// What the program calls the function in which it waits only chooses between an exhausted pool and the bare condition or semaphore beneath, both of which say
    /// that nobody is left to end the wait.
    package func poolFunction(ofPackages: Bool = false) -> String? {
        own.prefix(12).filter { !ofPackages || $0.file?.contains("-packages/") == true }.compactMap(\.function).first { function in
            // A spool is none.
            let lower = function.replacing("Spool", with: "").replacing("spool", with: "").lowercased()
            return lower.contains("pool") && ["acquire", "get", "borrow", "checkout", "check_out", "lease", "take", "connection"].contains { lower.contains($0) }
        }
    }
}
