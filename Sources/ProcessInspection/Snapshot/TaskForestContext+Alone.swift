package import Evidence

extension TaskForestContext {
    /// A process looked at for its Swift tasks alone: no descriptors, sockets, locks, and no other process.
    ///
    /// - Returns: what the forest is read from, and the threads with their stacks.
    package static func alone(
        pid: Int32, mode: StopMode = .perThread, deadline: ContinuousClock.Instant
    ) throws(ProcFSError) -> (context: TaskForestContext, threads: Observed<[ThreadRecord]>) {
        let target = try CaptureTarget(pid: pid)
        let modules = ModuleTable(pid: pid, maps: try target.proc.maps(), memory: target.memory, cache: ModuleImageCache())
        let symbolizer = ProcessSymbolizer(modules: modules, generated: GeneratedNames(target.proc))
        let reader = ThreadReader(
            target: target, modules: modules, symbolizer: symbolizer, mode: mode, clocks: HostFacts.clocks(), limits: CaptureLimits())
        let aside = Aside()
        let observation = reader.observe(aside)
        aside.hurry()
        let result = reader.explain(observation)
        let context = TaskForestContext(
            target: target, modules: modules, symbolizer: symbolizer, copies: result.copies, threads: result.threads, mayStop: mode != .never,
            deadline: deadline, tracer: reader.tracer)
        return (context, result.threads)
    }
}
