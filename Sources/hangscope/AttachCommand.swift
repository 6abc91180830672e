internal import Archive
internal import ArgumentParser
internal import Diagnosis
internal import Evidence
internal import Foundation
internal import Monitoring
internal import ProcessInspection
internal import Processes
internal import Reporting

/// Diagnoses a live process of any language, with nothing prepared: two looks, and samples between them.
struct AttachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Diagnose a live process, and those it waits for.",
        discussion: """
            It is looked at twice, --hung-after seconds apart, and sampled in between. No thread is stopped for longer than its \
            stack takes to copy. Exit code 0: no hang; 1: a hang was found; 2: not shown either way.
            """)

    @Argument(help: "The process to diagnose.")
    var pid: Int32

    @Option(
        name: .customLong("hung-after"), help: "How long a wait must last to count as a hang, such as 5s.",
        transform: { text in
            let number = text.hasSuffix("s") ? String(text.dropLast()) : text
            guard let value = Double(number), value >= 0.2, value <= 3600 else { throw ValidationError("--hung-after takes seconds, such as 5s") }
            return value
        })
    var hungAfter = 5.0

    @Option(help: "text or json.")
    var format = OutputFormat.text

    @Option(name: [.customShort("o"), .customLong("output")], help: "Directory to write report and evidence into.")
    var output: String?

    @Flag(help: "Look again and again until it hangs, then report.")
    var watch = false

    @OptionGroup var details: DetailOptions

    /// Readings of CPU, threads and sockets between both looks.
    private static let samplesPerSecond = 4.0
    /// A capture that takes no longer may be made again.
    private static let quick_ms = 1500.0
    /// A capture that takes longer has met a process that cannot be read.
    private static let captureLimit = Duration.seconds(60)

    func validate() throws {
        guard pid > 0 else { throw ValidationError("a process id is a positive number") }
    }

    func run() async throws {
        guard let identity = ProcessIdentity(of: pid) else {
            complain("hangscope attach: there is no process \(pid): check the id with ps -e")
            throw ExitCode(69)
        }
        let directory = output ?? NSTemporaryDirectory() + "hangscope-attach-\(getpid())"
        defer { if output == nil { try? FileManager.default.removeItem(atPath: directory) } }
        while true {
            let run = try await look(at: identity, directory)
            let assessment = Diagnoser.assess(run: run, baseline: nil, options: DiagnosisOptions(hungAfter_s: hungAfter))
            if watch, assessment.verdict != .hang, identity.isAlive { continue }
            let report = Report(
                runs: [RunSection(variant: "run", run: run, assessment: assessment)], generatedAt_s: Judgement.now_s, toolVersion: toolVersion,
                reproduceCommand: output.map { "hangscope diagnose \($0)" }, directory: output)
            if output != nil {
                for file in try ReportFiles.all(for: report) { try ReportDirectory(path: directory).write(file.contents, as: file.name) }
            }
            try Judgement.show(report, format: format, sections: details.sections, verbose: details.verbose)
            if assessment.verdict == .unknown, let reason = run.snapshots.first?.blindBecause {
                complain("hangscope attach: nothing of process \(pid) could be seen but that it is there: \(reason)")
                throw ExitCode(69)
            }
            let code = Judgement.exitCode(assessment.verdict)
            if code != 0 { throw ExitCode(code) }
            return
        }
    }

    private func look(at identity: ProcessIdentity, _ directory: String) async throws -> Run {
        let clock = ScenarioClock()
        let first = try await captureAsleep(1, .requested, directory, since: nil)
        let samples = await sample(identity, clock)
        var snapshots = [first]
        if identity.isAlive, let second = try? await captureAsleep(2, .confirmation, directory, since: first) { snapshots.append(second) }
        var header = RunHeader(startedAt: first.takenAt, clocks: first.clocks, host: first.host)
        header.subject = identity
        header.subjectName = first.processes.elements.first { $0.identity.pid == identity.pid }?.name
        header.endedAt = snapshots.last?.takenAt
        let run = Run(header: header, samples: samples, snapshots: snapshots)
        let folder = ReportDirectory(path: directory)
        try folder.write(try EvidenceCoding.encoder().encode(header), as: RunFile.header)
        let lines = try samples.reduce(into: Data()) { $0.append(try EvidenceCoding.line($1)) }
        try folder.write(lines, as: RunFile.samples)
        return run
    }

    private func sample(_ identity: ProcessIdentity, _ clock: ScenarioClock) async -> [Sample] {
        var sampler = ProcessSampler(process: identity, clock: clock, socketsEvery: 2)
        var samples: [Sample] = []
        let end = ContinuousClock.now + .seconds(hungAfter)
        while ContinuousClock.now < end, let sample = sampler.sample() {
            samples.append(withoutScenarioTime(sample))
            try? await Task.sleep(for: .seconds(min(1 / Self.samplesPerSecond, hungAfter / 4)))
        }
        return samples
    }

    private func withoutScenarioTime(_ sample: Sample) -> Sample {
        var sample = sample
        sample.at.scenario_s = nil
        return sample
    }

    /// Looks again, and then once more, where a thread was met awake between two sleeps.
    private func captureAsleep(_ ordinal: Int, _ reason: SnapshotReason, _ directory: String, since earlier: Snapshot?) async throws -> Snapshot {
        var snapshot = try await capture(ordinal, reason, directory)
        for _ in 0..<2 where snapshot.cost.wall_ms < Self.quick_ms && snapshot.metSleeperAwake(since: earlier) {
            guard let again = try? await capture(ordinal, reason, directory) else { break }
            snapshot = again
        }
        return snapshot
    }

    /// In a process of its own: corrupt memory, or an end by force, costs only that one.
    private func capture(_ ordinal: Int, _ reason: SnapshotReason, _ directory: String) async throws -> Snapshot {
        let folder = "\(directory)/\(RunFile.snapshots)/\(ordinal)"
        let result = try await HelperProcess.run(
            "/proc/self/exe", ["snapshot", "\(pid)", "-o", folder, "--ordinal", "\(ordinal)", "--reason", reason.rawValue, "--loops", "--format", "json"],
            deadline: Self.captureLimit)
        do {
            var snapshot = try SnapshotDirectory.read(folder)
            snapshot.ordinal = ordinal
            return snapshot
        } catch {
            let text = result.errorText.trimmingCharacters(in: .whitespacesAndNewlines)
            complain("hangscope attach: process \(pid) could not be captured: \(text.isEmpty ? "\(error)" : text)")
            throw ExitCode(69)
        }
    }
}
