package import Evidence

/// Captures a standing process, its descendants, and whoever holds what they wait for.
///
/// Runs on the calling thread and never throws: what could not be seen is said in the
/// snapshot. Meant for a short-lived process of its own, since corrupt memory of the target
/// can cost only that.
package struct SnapshotCapture {
    package var options: CaptureOptions
    private let images = ModuleImageCache()

    package init(options: CaptureOptions = CaptureOptions()) { self.options = options }

    /// Does beforehand what needs no stop: opens the modules of the process and reads their symbols.
    package func prepare(pid: Int32) {
        guard let target = try? CaptureTarget(pid: pid) else { return }
        let modules = ModuleTable(pid: pid, maps: (try? target.proc.maps()) ?? [], memory: target.memory, cache: images)
        for module in modules.modules { _ = module.image.function(at: 0) }
        _ = ProcessSymbolizer(modules: modules).frames(for: modules.modules.prefix(1).map { CodeAddress($0.start, .exact) })
    }

    /// - Parameters:
    ///   - ordinal: 1 for a run's first snapshot.
    ///   - scenarioTime: seconds of scenario time now; nil outside a scenario.
    package func capture(
        pid: Int32, ordinal: Int = 1, reason: SnapshotReason = .requested, scenarioTime: Double? = nil
    ) -> Snapshot {
        let session = CaptureSession(options: options, images: images)
        return session.run(pid: pid, ordinal: ordinal, reason: reason, scenarioTime: scenarioTime)
    }
}
