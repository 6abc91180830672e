import Testing

import JobSystem

@Suite struct SettingsTests {
    private func settings(_ json: String) throws -> Settings { try Settings(json: Array(json.utf8)) }

    /// The error's text, with its remedy.
    private func complaint(_ json: String) -> String {
        do {
            _ = try settings(json)
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test func everythingCanBeLeftOut() throws {
        #expect(try settings("{}") == Settings())
        #expect(try settings("{}").defects.isEmpty)
    }

    @Test func valuesAreStored() throws {
        let read = try settings(
            """
            {"config": {"port": 0, "database": "/x/jobs.sqlite", "llm.openai.base-url": "http://127.0.0.1:9002/",
            "analysis.timeout": "5m", "llm.read-timeout": "500ms", "llm.fallback": "anthropic", "database.journal": "wal",
            "job.deadline": "1.5h"},
            "defects": ["endless-progress", "no-tracing"], "clock": {"scale": 60}}
            """)
        #expect(read.configuration.port == 0)
        #expect(read.configuration.database == "/x/jobs.sqlite")
        #expect(read.configuration.openai.baseURL == "http://127.0.0.1:9002")
        #expect(read.configuration.analysisTimeout == .seconds(300))
        #expect(read.configuration.readTimeout == .milliseconds(500))
        #expect(read.configuration.jobDeadline == .seconds(5400))
        #expect(read.configuration.fallback == .anthropic)
        #expect(read.configuration.journal == .wal)
        #expect(read.defects == [.endlessProgress, .noTracing])
        #expect(read.clockScale == 60)
    }

    @Test func unknownNamesAreRefusedWithAHint() {
        #expect(complaint(#"{"config": {"analysis.timout": "1s"}}"#).contains("did you mean \"analysis.timeout\""))
        #expect(complaint(#"{"defects": ["endles-progress"]}"#).contains("did you mean \"endless-progress\""))
        #expect(complaint(#"{"defect": []}"#).contains("did you mean \"defects\""))
        #expect(complaint(#"{"defects": ["qqqqqqqqqqqqqqqqq"]}"#).contains("known are:"))
    }

    @Test func badValuesAreRefusedWithWhatIsExpected() {
        #expect(complaint(#"{"config": {"analysis.timeout": 300}}"#).contains("config.analysis.timeout"))
        #expect(complaint(#"{"config": {"analysis.timeout": "-1s"}}"#).contains("a duration"))
        #expect(complaint(#"{"config": {"port": 70000}}"#).contains("0 to 65535"))
        #expect(complaint(#"{"config": {"llm.provider": "clippy"}}"#).contains("one of openai, anthropic"))
        #expect(complaint(#"{"config": {"llm.openai.base-url": "nowhere"}}"#).contains("a URL"))
        #expect(complaint(#"{"clock": {"scale": 0}}"#).contains("clock.scale"))
        #expect(complaint("[1").contains("not a settings document"))
    }

    @Test func timesThatContradictEachOtherAreRefused() {
        #expect(complaint(#"{"config": {"llm.read-timeout": "130s"}}"#).contains("raise llm.request-timeout"))
        #expect(complaint(#"{"config": {"analysis.timeout": "700s"}}"#).contains("raise job.deadline"))
        #expect(complaint(#"{"config": {"analysis.timeout": "700s"}, "defects": ["no-job-deadline"]}"#) == "none")
        #expect(complaint(#"{"config": {"llm.fallback": "openai"}}"#).contains("llm.fallback"))
    }

    @Test func argumentsAreRead() throws {
        let options = try CommandLineOptions(["--settings-fd", "3", "--port", "0"])
        #expect(options.source == .descriptor(3))
        #expect(options.port == 0)
        #expect(throws: SettingsError.self) { try CommandLineOptions(["--settings-fd", "x"]) }
        #expect(throws: SettingsError.self) { try CommandLineOptions(["--port"]) }
        #expect(throws: SettingsError.self) { try CommandLineOptions(["--config", "a", "--settings-fd", "3"]) }
        #expect(throws: SettingsError.self) { try CommandLineOptions(["--prot", "1"]) }
    }

    @Test func innerTimesSumToLessThanOuterOnes() {
        var configuration = Configuration()
        for chunks in 1...20 {
            let plan = TimeoutPlan(chunks: chunks, configuration: configuration, defects: [])
            #expect(configuration.requestTimeout * chunks < plan.analysis)
            #expect(plan.analysis < plan.job!)
        }
        #expect(TimeoutPlan(chunks: 3, configuration: configuration, defects: [.timeoutOrder]).analysis == .seconds(300))
        #expect(TimeoutPlan(chunks: 3, configuration: configuration, defects: [.noJobDeadline]).job == nil)
        configuration.fallback = .anthropic
        #expect(TimeoutPlan(chunks: 2, configuration: configuration, defects: []).analysis > .seconds(480))
    }

    @Test func scriptsAreCutIntoChunks() {
        #expect(Script("a b\nc\n\n \n\nd\n", chunkWords: 0).chunks == ["a b\nc", "d"])
        #expect(Script("a b c d e", chunkWords: 2).chunks == ["a b", "c d", "e"])
        #expect(Script(" \n ", chunkWords: 0).chunks.isEmpty)
    }
}
