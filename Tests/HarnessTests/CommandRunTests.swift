import Archive
import Evidence
import Foundation
import Harness
import Processes
import Scenario
import Testing

/// Runs of small shell programs: what is recorded, and what goes wrong in so many ways.
@Suite struct CommandRunTests {
    static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    static let tools = Tools(
        hangscope: folder.appending(path: "hangscope").path, jobSystem: folder.appending(path: "jobd").path)

    /// Runs a shell script as the subject; the run's folder is removed afterwards.
    private func run<Value>(
        _ script: String, services: [ServicePlan] = [], faults: [FaultPlan] = [], ready: ReadyPlan? = nil, workload: [WorkloadStep] = [], watchdog: [WatchdogPlan] = [],
        probes: [ProbePlan] = [], capturePoint: EventKey? = nil, _ body: (Result<RunHeader, any Error>, Run) async throws -> Value
    ) async throws -> Value {
        let place = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        let command = CommandPlan(arguments: ["/bin/sh", "-c", script], ready: ready)
        let variant = Variant(
            name: "hanging", subject: .command(command), services: services, workload: workload, faults: faults, watchdog: watchdog, probes: probes,
            expectation: Expectation(outcome: "completed"))
        let plan = Plan(name: "test", title: "test", folder: "/", variants: [variant])
        let report = try ReportDirectory.make(under: place, scenario: "test", time: "now")
        let run = VariantRun(plan: plan, variant: variant, report: report, tools: Self.tools, salt: "s", capturePoint: capturePoint)
        let result: Result<RunHeader, any Error>
        do { result = .success(try await run.run()) } catch { result = .failure(error) }
        return try await body(result, try RunReader.read(report.variant("hanging")))
    }

    private func failure(_ result: Result<RunHeader, any Error>) -> HarnessError? {
        if case .failure(let error) = result { error as? HarnessError } else { nil }
    }

    @Test func `work is recorded with its ordinals, and the end told`() async throws {
        let script = #"for i in 1 2 3; do echo '{"kind":"work","event":"row.written","job.id":"1"}'; done; echo plain; echo oh >&2"#
        try await run(script) { result, run in
            let header = try result.get()
            #expect(header.workload?.end == .completed)
            #expect(header.exitStatus == 0 && !header.endedByObserver)
            #expect(run.events.filter { $0.kind == .work }.map(\.ordinal) == [1, 2, 3])
            #expect(Set(run.events.compactMap(\.message)).isSuperset(of: ["plain", "oh"]))
            #expect(run.header == header)
        }
    }

    @Test func `a failing subject is a failed run, not an error`() async throws {
        try await run("exit 3") { result, run in
            let header = try result.get()
            #expect(header.workload?.end == .failed)
            #expect(run.header.exitStatus == 3)
        }
    }

    @Test func `standing still is noticed, and captured twice`() async throws {
        let script = #"echo '{"kind":"work","event":"step","job.id":"1"}'; while :; do sleep 0.05; echo '{"kind":"progress","event":"p","job.id":"1","progress":85}'; done"#
        try await run(script, watchdog: [.noWork(of: "job", for_s: 0.3)]) { result, run in
            let header = try result.get()
            #expect(header.alarms.map(\.rule) == [.noWork])
            #expect(header.standstill == EventKey(name: "step", ordinal: 1, job: "1"))
            #expect(header.workload?.end == .unfinished)
            #expect(header.endedByObserver)
            #expect(run.snapshots.map(\.reason) == [.alarm, .confirmation])
            #expect(run.snapshots.allSatisfy { !$0.threads.elements.isEmpty && $0.subject == header.subject })
            #expect(run.samples.count > 3)
        }
    }

    @Test func `a run is captured at the very event`() async throws {
        let script = #"for i in 1 2 3; do echo '{"kind":"work","event":"step"}'; sleep 0.3; done"#
        let point = EventKey(name: "step", ordinal: 2, job: nil)
        try await run(script, capturePoint: point) { result, run in
            let header = try result.get()
            #expect(header.workload?.end == .completed)
            #expect(run.snapshots.map(\.reason) == [.samePoint])
            let taken = try #require(run.events.first { $0.name == "snapshot.taken" })
            #expect(taken.attributes["at"]?.string == point.description)
        }
    }

    @Test func `nothing of the subject is left, daemons included`() async throws {
        let script = "setsid sh -c 'trap \"\" TERM; echo daemon $$; while :; do sleep 1000; done' & trap '' TERM; while :; do sleep 1000; done"
        try await run(script, ready: ReadyPlan(logPattern: "daemon"), watchdog: [.deadline(seconds: 0.2)]) { result, run in
            let subject = try #require(try result.get().subject)
            let line = try #require(run.events.compactMap(\.message).first { $0.hasPrefix("daemon ") })
            let daemon = try #require(Int32(line.dropFirst(7)))
            #expect(!subject.isAlive)
            #expect(ProcessIdentity(of: daemon)?.isAlive != true)
        }
    }

    @Test func `never ready`() async throws {
        try await run("sleep 1000", ready: ReadyPlan(logPattern: "listening", within_s: 0.3)) { result, run in
            let error = try #require(failure(result))
            #expect(error.code == "subject-not-ready")
            #expect(error.message.contains("listening"))
            #expect(run.header.subject?.isAlive == false)
            #expect(!run.header.unobserved.isEmpty)
        }
    }

    @Test func `crashed before it was ready, with its last words`() async throws {
        try await run("echo 'no licence file' >&2; exit 9", ready: ReadyPlan(logPattern: "listening")) { result, _ in
            let error = try #require(failure(result))
            #expect(error.code == "subject-crashed")
            #expect(error.message.contains("no licence file") && error.message.contains("exit status 9"))
        }
    }

    @Test func `a port in use has its own error`() async throws {
        try await run("echo 'bind: Address already in use' >&2; exit 1", ready: ReadyPlan(logPattern: "listening")) { result, _ in
            #expect(failure(result)?.code == "port-in-use")
        }
    }

    @Test func `a service that cannot start, and a fault that cannot be armed, end the run with their reasons`() async throws {
        let twice = ServicePlan(name: "llm", kind: .modelServer(options: ["port": "1", "provider": "openai", "tokens": "nonsense"]))
        try await run("sleep 1000", services: [twice]) { result, _ in
            let error = try #require(failure(result))
            #expect(error.message.contains("service llm") && !error.remedy.isEmpty)
        }
        let fault = FaultPlan(id: "lock", when: .at(seconds: 0.1), kind: "lock-database", options: ["database": "/nowhere/at/all.sqlite"])
        try await run("echo up; sleep 1000", faults: [fault]) { result, run in
            let error = try #require(failure(result))
            #expect(error.code == "no-database" && error.message.contains("fault lock"))
            #expect(run.header.subject?.isAlive == false)
        }
    }

    @Test func `what was armed and healed is told apart from the evidence`() async throws {
        let server = ServicePlan(name: "llm", kind: .modelServer(options: ["provider": "openai"]))
        let fault = FaultPlan(id: "quiet", when: .event(name: "step", ordinal: 1), kind: "silence", options: ["service": "llm"])
        try await run(#"echo '{"kind":"work","event":"step"}'; sleep 1"#, services: [server], faults: [fault]) { result, run in
            #expect((try? result.get())?.workload?.end == .completed)
            #expect(!run.events.contains { $0.name.contains("quiet") || $0.name.contains("silence") || $0.attributes.values.contains("quiet") })
        }
    }

    @Test func `probes make events of what they read`() async throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        let probe = ProbePlan(name: "counter", source: .file(path: place), sense: .init(.work), every_s: 0.05)
        let log = ProbePlan(name: "percent", source: .log(pattern: #"(\d+) %"#), sense: .init(.progress), every_s: 1)
        try await run("echo '40 %'; for i in 1 2 3; do echo $i > \(place); sleep 0.3; done", probes: [probe, log]) { _, run in
            #expect(run.events.contains { $0.kind == .work && $0.name == "counter" })
            #expect(run.events.first { $0.kind == .progress }?.attributes["progress"] == 40)
        }
    }

    @Test func `cancelled, it cleans up and keeps what it has`() async throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        let variant = Variant(
            name: "hanging", subject: .command(CommandPlan(arguments: ["sleep", "1000"])), expectation: Expectation(outcome: "completed"))
        let report = try ReportDirectory.make(under: place, scenario: "test", time: "now")
        let plan = Plan(name: "test", title: "test", folder: "/", variants: [variant])
        let (began, continuation) = AsyncStream.makeStream(of: Void.self)
        let run = VariantRun(plan: plan, variant: variant, report: report, tools: Self.tools, salt: "s") { progress in
            if progress.phase == .running { continuation.yield() }
        }
        let task = Task { try await run.run() }
        for await _ in began { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let recorded = try RunReader.read(report.variant("hanging"))
        #expect(recorded.header.subject?.isAlive == false)
        #expect(recorded.header.endedAt != nil)
    }
}
