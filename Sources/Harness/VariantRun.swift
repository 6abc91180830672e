package import Archive
package import Evidence
internal import Faults
internal import FoundationEssentials
internal import Monitoring
internal import Processes
package import Scenario

/// One plan, one variant, one run: starts, arms, watches, captures, heals, and leaves nothing behind.
///
/// What happened is recorded before anybody judges it.
package struct VariantRun: Sendable {
    package var plan: Plan
    package var variant: Variant
    /// The report's directory; the run goes into the variant's folder in it.
    package var report: ReportDirectory
    package var tools: Tools
    /// Salt of the digests of environment values: equal for the runs that are compared.
    package var salt: String
    /// Where to capture a run that works: the point at which another one stood still.
    package var capturePoint: EventKey?
    package var progress: @Sendable (RunProgress) -> Void

    package init(
        plan: Plan, variant: Variant, report: ReportDirectory, tools: Tools, salt: String, capturePoint: EventKey? = nil,
        progress: @escaping @Sendable (RunProgress) -> Void = { _ in }
    ) {
        self.plan = plan
        self.variant = variant
        self.report = report
        self.tools = tools
        self.salt = salt
        self.capturePoint = capturePoint
        self.progress = progress
    }

    /// Runs to the end and returns the header as written; everything else is in the directory.
    ///
    /// - Throws: `HarnessError`, `ProcessError`, `FaultError` or `ArchiveError` when the run could not
    ///   be made; what was recorded until then stays, and everything started has been ended.
    package func run() async throws -> RunHeader {
        tell(.starting, "starting the supervisor")
        let writer = try RunWriter(directory: report.variant(variant.name))
        let folder = try TemporaryFolder()
        let supervisor = try await ProcessSupervisor.start(executable: tools.hangscope)
        let truth = TruthLog()
        do {
            let header = try await run(writer: writer, folder: folder.path, supervisor: supervisor, truth: truth)
            await finish(writer, folder, supervisor, truth)
            return header
        } catch {
            await finish(writer, folder, supervisor, truth)
            throw error
        }
    }

    /// Runs to its end also when the calling task is cancelled.
    private func finish(_ writer: RunWriter, _ folder: TemporaryFolder, _ supervisor: ProcessSupervisor, _ truth: TruthLog) async {
        tell(.ending, "ending what was started")
        await supervisor.finish()
        await writer.sync()
        try? report.write(truth.contents, as: "\(ReportDirectory.File.truth)/\(variant.name).jsonl")
        folder.remove()
    }

    private func run(
        writer: RunWriter, folder: String, supervisor: ProcessSupervisor, truth: TruthLog
    ) async throws -> RunHeader {
        let references = References()
        references.set("run", folder)
        references.set("folder", plan.folder)
        var services = ServiceDirector(
            tools: tools, spawner: supervisor, timeScale: plan.timeScale, references: references, logs: folder)
        tell(.starting, "starting \(variant.services.map(\.name).joined(separator: ", "))")
        try await services.start(variant.services)

        let client = HTTPReader()
        let clock = ScenarioClock(scale: plan.timeScale)
        let numbering = EventNumbering(clock: clock)
        do {
            let subject = try await SubjectProcess.start(
                makeSubject(references: references, folder: folder, client: client), log: writer.subjectLog, spawner: supervisor,
                clock: clock, numbering: numbering, logProbes: variant.logProbes)
            let observation = try await RunObservation(
                run: self, writer: writer, subject: subject, services: services, references: references, client: client,
                supervisor: supervisor, truth: truth, folder: folder, clock: clock, numbering: numbering)
            let header = try await observation.observe()
            await client.close()
            return header
        } catch {
            await client.close()
            await services.end()
            throw error
        }
    }

    private func makeSubject(references: References, folder: String, client: HTTPReader) throws -> any Subject {
        switch variant.subject {
        case .jobSystem(let config, let defects):
            var config = references.expand(config)
            config["port"] = config["port"] ?? "0"
            config["database"] = config["database"] ?? folder + "/jobs.sqlite"
            references.set("database", config["database"]!)
            for (key, service) in JobSystemSubject.services(for: variant.services) where config[key] == nil {
                config[key] = references.value("\(service).url")
            }
            return try JobSystemSubject(
                executable: tools.jobSystem, config: config, defects: defects, timeScale: plan.timeScale, folder: folder)
        case .command(let command):
            return CommandSubject(plan: command, references: references, folder: plan.folder, probe: client)
        }
    }

    func tell(_ phase: RunProgress.Phase, _ detail: String, at scenario_s: Double = 0) {
        progress(RunProgress(variant: variant.name, phase: phase, scenario_s: scenario_s, detail: detail))
    }
}
