import Evidence
import Testing
@testable import Diagnosis

/// Causes that lie in how jobs are run, each beside what looks alike and is well.
@Suite struct JobCauseTests {
    private func causes(_ run: Run, baseline: Run? = nil) -> [Cause] { Diagnoser.assess(run: run, baseline: baseline).findings.map(\.cause) }

    private static func store(_ time_s: Double, _ rows: [(id: String, parent: String?, status: String)]) -> StoreRecord {
        StoreRecord(
            at: RunBuilder.moment(time_s), name: "runs",
            rows: rows.map { ["id": .string($0.id), "parent": $0.parent.map(JSONValue.string) ?? .null, "status": .string($0.status)] })
    }

    /// A whole with two parts, both of which end after a minute; looked at every three seconds.
    private static func pipeline(ended: [String], looks: Bool = true) -> RunBuilder {
        var builder = RunBuilder()
        builder.event(1, .work, "a", job: "w", means: .started)
        builder.event(60, .work, "b", job: "w")
        builder.run.store = [
            store(2, [("w", nil, "going"), ("w1", "w", "going"), ("w2", "w", "going")]),
            store(60, [("w", nil, "going"), ("w1", "w", ended.contains("w1") ? "FAILED" : "going"), ("w2", "w", ended.contains("w2") ? "DONE" : "going")]),
        ]
        for step in 0..<40 where looks { builder.event(61 + 3 * Double(step), .log, "c", job: nil) }
        builder.alarm(121)
        builder.end(185, .unfinished)
        return builder
    }

    @Test func aPollerIsBlindOnceAllPartsHaveEnded() {
        let blind = Diagnoser.assess(run: Self.pipeline(ended: ["w1", "w2"]).run, baseline: nil)
        #expect(blind.root?.cause == .pollerBlind)
        #expect(blind.root?.chain.allSatisfy { !$0.evidence.isEmpty } == true)
        #expect(!causes(Self.pipeline(ended: ["w1"]).run).contains(.pollerBlind))
        #expect(!causes(Self.pipeline(ended: ["w1", "w2"], looks: false).run).contains(.pollerBlind))
    }

    @Test func aServiceIsSwitchedOffWhenItSaysSoAndWorkLies() {
        var off = Self.pipeline(ended: ["w1", "w2"], looks: false)
        off.event(3, .log, "d", job: nil, ["enabled": false])
        #expect(Diagnoser.assess(run: off.run, baseline: nil).root?.cause == .serviceDisabled)
        // The same line, and nothing lies: a feature that nobody needs here.
        var spare = Self.pipeline(ended: [], looks: false)
        spare.event(3, .log, "d", job: nil, ["enabled": false])
        #expect(!causes(spare.run).contains(.serviceDisabled))
    }

    @Test func whatTheWorkingRunHasMustBeSwitchedByItsEnvironment() {
        func environment(_ builder: inout RunBuilder, _ digest: String) {
            builder.run.header.environment = [EnvironmentEntry(pid: 100, name: "FINISH", value: nil, valueLength: 2, digest: digest)]
        }
        var working = Self.pipeline(ended: ["w1", "w2"])
        working.end(185, .completed)
        environment(&working, "x")
        var hanging = Self.pipeline(ended: ["w1", "w2"], looks: false)
        environment(&hanging, "y")
        #expect(Diagnoser.assess(run: hanging.run, baseline: working.run).root?.cause == .serviceDisabled)
        var same = Self.pipeline(ended: ["w1", "w2"], looks: false)
        environment(&same, "x")
        #expect(!causes(same.run, baseline: working.run).contains(.serviceDisabled))
    }

    private static func schedule(every_s: Double, advancing: Bool = false) -> RunBuilder {
        var builder = RunBuilder()
        for number in 0..<8 { builder.event(1 + every_s * Double(number), .work, "r", job: "\(number)", means: .started) }
        for step in 1...30 where advancing {
            for number in 0..<8 { builder.event(every_s * 8 + 10 * Double(step), .work, "p", job: "\(number)", means: .answer) }
        }
        builder.end(every_s * 8 + 310, .unfinished)
        return builder
    }

    @Test func runsPileUpWhenTheLaterOnesAreStartedBesideAStandingOne() {
        #expect(causes(Self.schedule(every_s: 60).run).contains(.runsPileUp))
        // All at once: a full queue. And all of them advance: a busy machine.
        #expect(!causes(Self.schedule(every_s: 1).run).contains(.runsPileUp))
        #expect(!causes(Self.schedule(every_s: 60, advancing: true).run).contains(.runsPileUp))
    }

    private static func attempts(_ times_s: [Double], succeeds: Bool) -> Run {
        var builder = RunBuilder()
        builder.event(1, .work, "t", means: .started)
        for (number, time_s) in times_s.enumerated() { builder.event(time_s, .log, "n", ["attempt": .int(Int64(number + 1))], means: .error) }
        let end_s = (times_s.last ?? 0) + 1
        if succeeds { builder.event(end_s, .work, "g", means: .answer) }
        builder.event(end_s, .status, "s", ["status": succeeds ? "COMPLETED" : "FAILED"])
        builder.end(end_s + 1, succeeds ? .completed : .failed)
        return builder.run
    }

    @Test func attemptsAreUsedUpOrComeLikeAStorm() {
        #expect(causes(Self.attempts([2, 5, 9], succeeds: false)) == [.retriesExhausted])
        #expect(causes(Self.attempts([2, 5, 9], succeeds: true)) == [])
        let storm = (0..<20).map { 2 + 0.1 * Double($0) }
        #expect(causes(Self.attempts(storm, succeeds: false)) == [.retryStorm])
        let growing = (0..<12).map { 2 + 0.001 * pow2($0) }
        #expect(!causes(Self.attempts(growing, succeeds: false)).contains(.retryStorm))
    }

    private func pow2(_ exponent: Int) -> Double { Double(1 << exponent) }
}
