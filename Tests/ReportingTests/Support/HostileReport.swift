import Diagnosis
import Evidence
import Reporting

/// Reports that try to break a renderer: by markup, by control characters, by numbers, by size.
enum HostileReport {
    static let strings = [
        "</script><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</style><style>*{display:none}", "]]>&lt;&amp;<!--",
        "\u{1B}[2J\u{1B}]0;owned\u{07}", "\u{0}\u{1}\u{8}\u{7F}\u{9B}31m", "a\u{202E}gpj.exe\u{2066}", "line\nbreak\r\n| table | cell |",
        "``` `` ` fence", "@everyone #1 [x](javascript:alert(1)) <b>", "\u{FFFE}\u{FFFF}\u{FEFF}", "e\u{301}\u{301}\u{301}", "https://evil.example/?a=1&b=2",
        "../../../etc/passwd", "\u{D7FF}\u{E000}\u{10FFFF}", "",
    ]

    /// Every text of the sample made hostile.
    static func report(_ text: String) -> Report {
        var report = SampleReport.twoRuns
        report.scenario = ScenarioSummary(name: text, title: text, fieldCase: text, timeScale: 60, tags: [text])
        report.toolVersion = text
        report.reproduceCommand = text
        report.directory = text
        report.truth = report.truth.map { TruthRecord(at: $0.at, what: text, id: text, action: .armed) }
        report.skipped = [SkippedVariant(variant: text, capability: text)]
        let differences = report.comparison?.differences ?? []
        report.comparison?.differences = differences.map {
            Comparison.Difference(area: $0.area, subject: text, working: text, hanging: text, isSignificant: true, workingEvidence: EvidencePath(file: text, index: -1), hangingEvidence: .event(Int.max))
        }
        report.comparison?.lastCommonPoint = EventKey(name: text, ordinal: Int.min, job: text)
        for index in report.runs.indices {
            report.runs[index].expectation = ExpectationResult(isMet: index == 0, expected: text, found: text, problems: [text])
            report.runs[index].assessment = assessment(report.runs[index].assessment, text)
            report.runs[index].run = run(report.runs[index].run, text)
        }
        report.runs.append(RunSection(variant: text, run: report.runs[0].run, assessment: report.runs[0].assessment))
        return report
    }

    private static func assessment(_ assessment: Assessment, _ text: String) -> Assessment {
        var assessment = assessment
        assessment.headline = text
        assessment.subject.executable = text
        assessment.nextSteps = [text]
        assessment.bystanders = [text]
        assessment.refuted = [Refutation(cause: .lockCycle, because: text)]
        assessment.capture.unobserved = [text]
        assessment.findings = assessment.findings.map { finding in
            Finding(
                cause: finding.cause, role: finding.role, confidence: finding.confidence, summary: text,
                chain: finding.chain.map { ChainLink(kind: $0.kind, label: text, detail: text, since_s: -.infinity, evidence: $0.evidence + [EvidencePath(file: text)]) },
                evidence: [CitedEvidence(EvidencePath(file: text), text)], remedy: text, fingerprint: text)
        }
        return assessment
    }

    private static func run(_ run: Run, _ text: String) -> Run {
        var run = run
        run.header.alarms = [AlarmRecord(at: run.header.startedAt, rule: .noWork, threshold_s: .nan, detail: text, job: text)]
        run.header.host.name = text
        run.header.host.kernel = text
        run.header.workload = WorkloadRecord(end: .failed, step: text, detail: text, lastAnswer: .string(text))
        run.header.unobserved = [Unobserved(what: text, why: text)]
        run.events = run.events.map { event in
            var event = event
            event.name = text
            event.message = text
            event.attributes[text] = .string(text)
            return event
        }
        run.store = [StoreRecord(at: run.header.startedAt, name: text, rows: [[text: .string(text)]], error: text)]
        run.snapshots = run.snapshots.map { snapshot($0, text) }
        for index in run.samples.indices { run.samples[index].gauges = [text: Double(index)] }
        return run
    }

    private static func snapshot(_ snapshot: Snapshot, _ text: String) -> Snapshot {
        var snapshot = snapshot
        snapshot.unobserved = [Unobserved(what: text, why: text)]
        snapshot.threads = .partial(snapshot.threads.elements.map { thread in
            var thread = thread
            thread.name = text
            thread.state = text
            thread.wait = ThreadWait(kind: .other, detail: text)
            thread.stack = .partial([Frame(programCounter: .max, function: text, module: text, file: text, line: .min, isInlined: true, isAsync: true)], reason: text)
            return thread
        }, reason: text)
        snapshot.tasks = .partial(snapshot.tasks.elements.map { task in
            var task = task
            task.name = text
            task.wait = TaskWait(kind: .actor)
            task.wait?.typeName = text
            return task
        }, reason: text)
        snapshot.descriptors = .complete(snapshot.descriptors.elements.map { Descriptor(pid: $0.pid, fd: $0.fd, kind: $0.kind, target: text) })
        snapshot.sockets = .complete(snapshot.sockets.elements.map { socket in
            var socket = socket
            socket.remote = SocketAddress(host: text, port: 0)
            socket.unixPath = text
            socket.receiveQueue = .min
            socket.sendQueue = .max
            socket.tcp = TCPInfo(lastDataSent_ms: .nan, lastDataReceived_ms: .infinity)
            return socket
        })
        snapshot.modules = .complete(snapshot.modules.elements.map { ModuleRecord(pid: $0.pid, path: text, baseAddress: 0, endAddress: 0, buildID: text) })
        snapshot.environment = .unavailable(reason: text)
        return snapshot
    }

    /// Times and quantities that no machine has.
    static var numbers: Report {
        var report = SampleReport.twoRuns
        let odd: [Double] = [.nan, .infinity, -.infinity, -1, 0, 1e308, -1e308, .leastNonzeroMagnitude]
        for index in report.runs.indices {
            report.runs[index].run.header.timeScale = odd[index]
            for event in report.runs[index].run.events.indices {
                report.runs[index].run.events[event].at = Moment(monotonic_s: odd[event % odd.count], scenario_s: event % 3 == 0 ? nil : odd[(event + 3) % odd.count])
                report.runs[index].run.events[event].attributes["progress"] = .double(odd[event % odd.count])
            }
            for sample in report.runs[index].run.samples.indices {
                report.runs[index].run.samples[sample].cpu.user_s = odd[sample % odd.count]
                report.runs[index].run.samples[sample].at.monotonic_s = odd[(sample + 1) % odd.count]
            }
            report.runs[index].assessment.capture.stopped_ms = .nan
            report.runs[index].run.header.endedAt = Moment(monotonic_s: -.infinity)
            for snapshot in report.runs[index].run.snapshots.indices { report.runs[index].run.snapshots[snapshot].cost.stopped_ms = -.infinity }
        }
        report.generatedAt_s = .nan
        return report
    }

    /// 500 threads that all stand elsewhere, 100 000 tasks, 100 000 events, in both runs.
    static var huge: Report {
        var report = SampleReport.twoRuns
        for index in report.runs.indices {
            let pid = report.runs[index].run.snapshots[0].subject.pid
            report.runs[index].run.snapshots[0].threads = .complete((0..<500).map { number in
                let frames = (0..<60).map { Frame(programCounter: UInt64($0), function: "Module.Type\(number % 250).function\($0)(first:second:)", module: "/usr/lib/library.so", file: "/work/Sources/Module/Type\(number).swift", line: $0) }
                return ThreadRecord(pid: pid, tid: pid + Int32(number), name: "worker-\(number)", state: "S", stack: .complete(frames))
            })
            report.runs[index].run.snapshots[0].tasks = .complete((0..<100_000).map { number in
                var task = TaskRecord(pid: pid, id: UInt64(number), address: UInt64(number) * 64, kind: .groupChild, state: .suspended)
                task.backtrace = .complete([Frame(programCounter: 1, function: "Work.item\(number % 300)()", file: "/work/Work.swift", line: number % 300)])
                return task
            })
            report.runs[index].run.snapshots[0].descriptors = .complete((0..<20_000).map { Descriptor(pid: pid, fd: $0, kind: .file, target: "/tmp/file-\($0)") })
            let start = report.runs[index].run.header.startedAt
            report.runs[index].run.events = (0..<100_000).map { number in
                var event = Event(at: Moment(monotonic_s: start.monotonic_s + Double(number) / 1e4, scenario_s: Double(number) / 500), kind: number % 5 == 0 ? .spanStart : number % 3 == 0 ? .progress : .work, name: "work.item", ordinal: number + 1, job: "1", attributes: ["progress": .int(Int64(number % 100))])
                event.span = "s\(number)"
                return event
            }
            report.runs[index].assessment.capture.unobserved = (0..<20_000).map { "stack of thread \($0): it had gone" }
        }
        return report
    }
}
