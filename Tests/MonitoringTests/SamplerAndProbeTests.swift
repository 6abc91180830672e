import Evidence
import Foundation
import GRDB
import Monitoring
import Processes
import Synchronization
import Testing

@Suite struct SamplerTests {
    @Test func `a living process is sampled, one that ended is not`() async throws {
        let child = try await DirectSpawner().spawn(SpawnRequest(executable: "sleep", arguments: ["1000"]))
        var sampler = ProcessSampler(process: child.identity, clock: ScenarioClock(scale: 10), socketsEvery: 1)
        let taken = sampler.sample(gauges: ["jobs.queued": 3])
        let sample = try #require(taken)
        #expect(sample.process == child.identity)
        #expect(sample.threads.count == 1)
        // Three standard streams; a program that is still being loaded has one more open for a moment.
        #expect((sample.descriptorCount ?? 0) >= 3)
        #expect(sample.gauges == ["jobs.queued": 3])
        await child.end(grace: .zero)
        #expect(sampler.sample() == nil)
    }

    @Test func `another process with the same pid is not taken for it`() async throws {
        let child = try await DirectSpawner().spawn(SpawnRequest(executable: "sleep", arguments: ["1000"]))
        var identity = child.identity
        identity.startTicks += 1
        var sampler = ProcessSampler(process: identity, clock: ScenarioClock())
        #expect(sampler.sample() == nil)
        await child.end(grace: .zero)
    }
}

@Suite struct ProbeTests {
    private struct Stuck: Probe {
        let name = "stuck"
        func read() async -> ProbeReading {
            try? await Task.sleep(for: .seconds(3600))
            return .value(true)
        }
    }

    @Test func `a probe that hangs costs its own reading`() async {
        let reading = await ProbeRunner(Stuck(), interval: .zero, deadline: .milliseconds(20)).readOnce()
        if case .failed = reading {} else { Issue.record("\(reading)") }
    }

    @Test func `rows come back, and a locked database is a reading`() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(UUID().uuidString).sqlite").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try await database.write { try $0.execute(sql: "CREATE TABLE jobs (id INTEGER, status TEXT); INSERT INTO jobs VALUES (1, 'QUEUED')") }
        let probe = SQLiteProbe(name: "jobs", path: path, query: "SELECT * FROM jobs")
        #expect(await probe.read() == .rows([["id": 1, "status": "QUEUED"]]))
        try await database.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
        #expect(await probe.read() == .failed("database is locked"))
        try await database.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(await probe.read() == .rows([["id": 1, "status": "QUEUED"]]))
    }

    @Test func `a probe cannot write, and takes no endless result`() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(UUID().uuidString).sqlite").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE t (x)") }
        if case .failed = await SQLiteProbe(name: "x", path: path, query: "INSERT INTO t VALUES (1)").read() {} else { Issue.record("it wrote") }
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        if case .rows(let rows) = await SQLiteProbe(name: "x", path: path, query: endless).read() {
            #expect(rows.count == SQLiteProbe.maximumRows)
        } else {
            Issue.record("no rows")
        }
    }

    @Test func `files: content, absence, and what would block`() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hangscope-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let probe = FileProbe(name: "file", path: path)
        #expect(await probe.read() == .failed("No such file or directory"))
        try Data("ready \n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(await probe.read() == .value("ready"))
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(await probe.read() == .failed("not a regular file"))
    }

    @Test func `a log probe keeps its last match`() async throws {
        let probe = try LogProbe(name: "rows", pattern: #"rows=(\d+)"#)
        #expect(probe.see("nothing") == nil)
        #expect(probe.see("wrote rows=41 of 100")?.value == .double(41))
        #expect(await probe.read() == .value(.double(41)))
    }
}

@Suite struct ScenarioClockTests {
    @Test func `scenario time is real time, scaled, from the restart`() {
        let real = Mutex(100.0)
        let clock = ScenarioClock(scale: 60, reader: { real.withLock { $0 } })
        real.withLock { $0 = 101 }
        clock.restart()
        #expect(clock.now() == Moment(monotonic_s: 101, scenario_s: 0))
        real.withLock { $0 = 103 }
        #expect(clock.now().scenario_s == 120)
        #expect(clock.moment(at: 50).scenario_s == 0)
        #expect(ScenarioClock(isHeld: true, reader: { 7 }).now().scenario_s == 0)
        #expect(clock.real(30) == .milliseconds(500))
    }
}
