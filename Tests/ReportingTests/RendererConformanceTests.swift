import Diagnosis
import Evidence
import Reporting
import Testing

/// What every renderer promises, whatever it writes to.
@Suite struct RendererConformanceTests {
    static let renderers: [any Renderer] = ReportFiles.renderers + [TextRenderer(style: .verbose()), TextRenderer(style: .verbose(width: 40, isColoured: true))]
    static let plain: [any Renderer] = ReportFiles.renderers + [TextRenderer(style: .verbose())]

    @Test(arguments: renderers.indices)
    func rendersEveryKindOfReport(renderer: Int) throws {
        for report in [SampleReport.empty, SampleReport.unknown, SampleReport.attached, SampleReport.twoRuns, HostileReport.numbers] {
            for file in try Self.renderers[renderer].render(report) {
                #expect(!file.contents.isEmpty)
                #expect(!file.name.contains("/"))
            }
        }
    }

    @Test(arguments: renderers.indices)
    func rendersTheSameTwice(renderer: Int) throws {
        #expect(try Self.renderers[renderer].render(SampleReport.twoRuns) == Self.renderers[renderer].render(SampleReport.twoRuns))
    }

    /// By index, so that the test's own log does not print them.
    @Test(arguments: HostileReport.strings.indices)
    func hostileTextKeepsEverySinkWhole(index: Int) throws {
        let report = HostileReport.report(HostileReport.strings[index])
        for renderer in Self.plain {
            for file in try renderer.render(report) {
                try Wellformed.check(file)
                let controls = file.text.unicodeScalars.first { $0 != "\n" && Escaping.isUnseen($0) }
                #expect(file.name.hasSuffix(".json") || controls == nil, "\(file.name) lets \(String(describing: controls)) through")
            }
        }
    }

    @Test(arguments: renderers.indices)
    func aSecretNeverLeaks(renderer: Int) throws {
        let canary = "cAnaRy7d41f09b2e6655aa31"
        for file in try Self.renderers[renderer].render(Canary.report(canary)) {
            #expect(!file.text.contains(canary), "\(file.name) leaks a secret")
        }
    }

    /// The canary test can fail: the same report holds the secret where nobody looked.
    @Test func theCanaryIsReallyThere() {
        let report = Canary.report("cAnaRy7d41f09b2e6655aa31")
        #expect("\(report)".contains("cAnaRy7d41f09b2e6655aa31"))
    }

    @Test func outputStaysBounded() throws {
        let report = RedactedReport(HostileReport.huge)
        let limits = [ReportFiles.html: 3_000_000, ReportFiles.json: 1_000_000, ReportFiles.markdown: 60_000, ReportFiles.junit: 60_000, ReportFiles.trace: 12_000_000, ReportFiles.text: 2_000_000]
        for renderer in Self.plain {
            for file in try renderer.files(for: report) {
                let limit = try #require(limits[file.name])
                #expect(file.contents.count < limit, "\(file.name) has \(file.contents.count) bytes")
            }
        }
        let html = try #require(HTMLRenderer().files(for: report).first).text
        #expect(html.contains("more places in the recorded evidence"), "what was left out is said")
    }
}

/// The sample report with one secret wherever secrets are found.
enum Canary {
    static func report(_ canary: String) -> Report {
        var report = SampleReport.twoRuns
        report.reproduceCommand = "hangscope run --api-key \(canary) -- ./service --token=\(canary)"
        for index in report.runs.indices {
            var run = report.runs[index].run
            var event = Event(at: run.events[0].at, kind: .log, name: "http.request", job: "1", attributes: [
                "authorization": .string("Bearer \(canary)"), "body": .string("{\"key\":\"\(canary)\"}"), "headers": ["x-api-key": .string(canary)],
                "url": .string("https://user:\(canary)@example.com/v1?api_key=\(canary)&x=1"),
            ])
            event.message = "POST /v1/chat Authorization: Bearer \(canary)"
            run.events.append(event)
            run.header.workload = WorkloadRecord(end: .failed, step: "post", detail: "answered {\"access_token\": \"\(canary)\"}", lastAnswer: ["token": .string(canary)])
            run.store.append(StoreRecord(at: event.at, name: "settings", rows: [["password": .string(canary), "note": .string("uses \(canary)")]]))
            for snapshot in run.snapshots.indices {
                let pid = run.snapshots[snapshot].subject.pid
                run.snapshots[snapshot].environment = .complete([EnvironmentEntry(pid: pid, name: "LLM_API_KEY", value: canary, valueLength: 24, digest: "d")])
                run.snapshots[snapshot].processes = run.snapshots[snapshot].processes.map { $0.map { process in
                    var process = process
                    process.arguments += ["--password", canary, "--llm-api-key=\(canary)", "-H", "Authorization: Bearer \(canary)", canary]
                    return process
                } }
            }
            report.runs[index].run = run
            let last = run.events.count - 1
            report.runs[index].assessment.findings.append(Finding(
                cause: .workUntraced, role: .contributing, confidence: .observed, summary: "the request with \(canary) is not traced",
                chain: [ChainLink(kind: .process, label: "jobd --token \(canary)", detail: canary, evidence: [.event(last), .store(run.store.count - 1), .snapshot(1, .processes, 0)])],
                evidence: [CitedEvidence(.event(last), "header \(canary)")], remedy: "trace it"))
        }
        report.comparison?.differences.append(.init(area: .environment, subject: "LLM_API_KEY", working: canary, hanging: nil))
        return report
    }
}
