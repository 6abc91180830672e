import Evidence
import Monitoring
import Testing

/// What every rule does, whatever it looks at.
@Suite struct WatchdogConformance {
    static let threshold_s = 60.0

    /// Each rule, and a way to let its threshold pass with nothing happening (in steps of a tenth of a second).
    static let rules: [(name: String, rule: any WatchdogRule)] = [
        ("no-work", NoWorkRule(threshold_s: threshold_s, perJob: false)),
        ("no-work of job", NoWorkRule(threshold_s: threshold_s, perJob: true)),
        ("no-event", NoEventRule(name: "page", threshold_s: threshold_s)),
        ("deadline", DeadlineRule(threshold_s: threshold_s)),
    ]

    @Test(arguments: rules.indices) func `an alarm comes once, within 1.1 times the threshold`(index: Int) throws {
        var rule = Self.rules[index].rule
        #expect(rule.observe(.began(at(0))) == nil)
        #expect(rule.mayStillFire)
        var alarms: [AlarmRecord] = []
        for tenth in 1...2000 { if let alarm = rule.observe(.tick(at(Double(tenth) / 10))) { alarms.append(alarm) } }
        #expect(alarms.count == 1)
        let time_s = try #require(alarms.first?.at.scenario_s)
        #expect(time_s >= Self.threshold_s && time_s <= Self.threshold_s * 1.1)
        #expect(alarms.first?.threshold_s == Self.threshold_s)
        #expect(!rule.mayStillFire)
    }

    @Test(arguments: rules.indices) func `nothing is raised before the work begins`(index: Int) {
        var rule = Self.rules[index].rule
        for second in 0..<1000 { #expect(rule.observe(.tick(at(Double(second)))) == nil) }
    }
}

@Suite struct NoWorkRuleTests {
    @Test func `displayed progress, status, spans and logs are no work`() throws {
        var rule = NoWorkRule(threshold_s: 60, perJob: true)
        _ = rule.observe(.began(at(0)))
        _ = rule.observe(.event(event(1, .work, "llm.token", job: "1")))
        var alarm: AlarmRecord?
        for second in 2...70 where alarm == nil {
            let kinds: [Event.Kind] = [.progress, .status, .spanStart, .log, .timer, .client, .probe]
            alarm = rule.observe(.event(event(Double(second), kinds[second % kinds.count], "job.progress", job: "1")))
        }
        let raised = try #require(alarm)
        #expect(raised.job == "1")
        #expect(raised.at.scenario_s == 61)
        #expect(raised.detail == "no work event of job 1 for 60 s; the last was `llm.token`")
    }

    @Test func `work of another job does not hide one that stands still`() {
        var rule = NoWorkRule(threshold_s: 60, perJob: true)
        _ = rule.observe(.began(at(0)))
        _ = rule.observe(.event(event(1, .work, "a", job: "1")))
        var alarms: [AlarmRecord] = []
        for second in 2...100 {
            if let alarm = rule.observe(.event(event(Double(second), .work, "b", job: "2"))) { alarms.append(alarm) }
        }
        #expect(alarms.map(\.job) == ["1"])
    }

    @Test func `with any work counting, one busy job is enough`() {
        var rule = NoWorkRule(threshold_s: 60, perJob: false)
        _ = rule.observe(.began(at(0)))
        for second in 1...200 { #expect(rule.observe(.event(event(Double(second), .work, "b", job: "2"))) == nil) }
    }

    @Test func `a job that has ended is not waited for`() {
        var rule = NoWorkRule(threshold_s: 60, perJob: true)
        _ = rule.observe(.began(at(0)))
        _ = rule.observe(.event(event(1, .work, "a", job: "1")))
        _ = rule.observe(.event(event(2, .status, "job.status", job: "1", ["status": "COMPLETED"])))
        _ = rule.observe(.event(event(3, .work, "results.saved", job: "1")))
        for second in 4...500 { #expect(rule.observe(.tick(at(Double(second)))) == nil) }
        #expect(!rule.mayStillFire)
    }
}

@Suite struct BusyLoopRuleTests {
    private let process = ProcessIdentity(pid: 1, startTicks: 1)

    private func sample(_ second: Double, cpu_s: Double) -> Observation {
        .sample(Sample(at: at(second), process: process, cpu: CPUTime(user_s: cpu_s)))
    }

    @Test func `a processor kept busy without work is one, an idle or working process is none`() {
        var busy = BusyLoopRule(threshold_s: 10)
        var idle = BusyLoopRule(threshold_s: 10)
        var working = BusyLoopRule(threshold_s: 10)
        var alarms: [AlarmRecord] = []
        for second in 0...30 {
            let time = Double(second)
            if let alarm = busy.observe(sample(time, cpu_s: time)) { alarms.append(alarm) }
            #expect(idle.observe(sample(time, cpu_s: time / 10)) == nil)
            #expect(working.observe(sample(time, cpu_s: time)) == nil)
            #expect(working.observe(.event(event(time, .work, "row.written"))) == nil)
        }
        #expect(alarms.count == 1)
        #expect(alarms.first?.at.scenario_s == 10)
    }
}

func at(_ second: Double) -> Moment { Moment(monotonic_s: 1000 + second, scenario_s: second) }

func event(
    _ second: Double, _ kind: Event.Kind, _ name: String, job: String? = nil, _ attributes: [String: JSONValue] = [:]
) -> Event {
    Event(at: at(second), kind: kind, name: name, job: job, attributes: attributes)
}
