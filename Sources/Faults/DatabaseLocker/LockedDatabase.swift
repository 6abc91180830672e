/// The fault `lock-database`: a locker process, started before it is needed.
actor LockedDatabase: Fault {
    nonisolated let id: String
    private let options: [String: String]
    private let context: FaultContext
    private var locker: InjectorProcess?

    init(id: String, options: [String: String], context: FaultContext) {
        self.id = id
        self.options = options
        self.context = context
    }

    func prepare() async throws { _ = try await start() }

    func arm() async throws {
        try await start().arm(name: id, fault: "lock-database", options: options)
    }

    func heal() async { try? await locker?.heal(name: id) }

    func end() async {
        await heal()
        let ended = locker
        locker = nil
        await ended?.end()
    }

    private func start() async throws -> InjectorProcess {
        if let locker { return locker }
        let started = try await InjectorProcess.start(
            name: id, kind: .lockDatabase, settings: DatabaseLocker.Settings(), executable: context.executable,
            spawner: context.spawner)
        // Two starts at once: the first one counts.
        if let locker {
            await started.end()
            return locker
        }
        locker = started
        return started
    }
}
