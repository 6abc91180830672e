internal import Evidence
internal import ProcessInspection

/// Connections of a client's pool that were lent out and that nobody can give back: the pool alone still refers to what it keeps of each loan, where whoever is to
/// give one back would need it. So it is when an answer was dropped that was neither read to its end nor closed.
///
/// httpcore (beneath httpx): `_async/connection_pool.py`, `_sync/connection_pool.py`.
struct LostLoans {
    let objects: PythonObjects

    private static let frameLimit = 12
    private static let pools: Set<String> = ["AsyncConnectionPool", "ConnectionPool"]
    /// Up to 0.18, and from then on.
    private static let connections = ["_pool", "_connections"]

    /// Whether a thread or task waits, without a limit, for a connection of a pool all of whose are lost.
    ///
    /// - Parameter frames: innermost first.
    func holdUp(_ frames: [PythonFrame]) -> Bool {
        let library = frames.prefix(Self.frameLimit).prefix(while: \.code.isOfLibrary)
        guard let row = library.firstIndex(where: { $0.local("self", objects).map(isPool) == true }), row > 0, let pool = library[row].local("self", objects),
            library[..<row].allSatisfy({ frame in frame.local("timeout", objects).map(isNone) ?? true }), let list = objects.attribute("_requests", of: pool)
        else { return false }
        let requests = objects.list(list)
        let own = library[..<row].compactMap { $0.local("self", objects) }.first { requests.contains($0) }
        guard let own, connection(of: own) == nil, requests.count < PythonObjects.itemLimit else { return false }
        let loans = requests.filter { connection(of: $0) != nil }
        let kept = Set(Self.connections.lazy.compactMap { objects.attribute($0, of: pool) }.first.map(objects.list) ?? [])
        return !kept.isEmpty && kept.isSubset(of: loans.compactMap(connection)) && loans.allSatisfy(isForgotten)
    }

    private func isPool(_ object: UInt64) -> Bool { objects.type(of: object).map { Self.pools.contains($0.name) && $0.module.hasPrefix("httpcore") } ?? false }

    private func isNone(_ object: UInt64) -> Bool { objects.type(of: object)?.fullName == "NoneType" }

    private func connection(of request: UInt64) -> UInt64? { objects.attribute("connection", of: request).flatMap { isNone($0) ? nil : $0 } }

    /// Nobody refers to it but the list in which it was found (ob_refcnt 0).
    private func isForgotten(_ object: UInt64) -> Bool { objects.half(object) == 1 }
}

extension PythonProcess {
    /// Notes of those who wait for a lost connection that nobody can let them go on.
    func noteLostLoans(_ threads: inout [Int32: InspectedRuntime.Thread], _ tasks: inout [TaskRecord], _ found: [AsyncTask]) {
        let loans = LostLoans(objects: objects)
        guard !handlesSignals, !loops.contains(where: \.hasSignalHandlers) else { return }
        for thread in self.threads {
            guard let wait = threads[thread.tid]?.wait, wait.kind == .event, wait.timeout_s == nil, loans.holdUp(thread.frames) else { continue }
            threads[thread.tid]?.wait = Self.givenUp(wait)
        }
        let lost = Set(found.filter { loans.holdUp($0.frames) }.map(\.address))
        guard !lost.isEmpty, let code = Cancellers(process: self), !code.mayCancel(lost, tasks, found) else { return }
        for row in tasks.indices where lost.contains(tasks[row].id) && tasks[row].managedWait?.kind == .event { tasks[row].managedWait = tasks[row].managedWait.map(Self.givenUp) }
    }

    private static func givenUp(_ wait: ManagedWait) -> ManagedWait {
        var wait = wait
        wait.releasers = .complete([])
        wait.knownFrom += "; each connection of the pool was lent out, and nobody refers to its loan any more"
        return wait
    }
}
