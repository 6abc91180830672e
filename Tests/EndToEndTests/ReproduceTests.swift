import Evidence
import Foundation
import Processes
import Testing

@Suite(.serialized) struct ReproduceTests {
    @Test func `a hang is reproduced, explained and diagnosed again from the record`() async throws {
        let program = try Program()
        let path = try program.shipped("sixty-percent-hang")
        let result = try await program.run(["reproduce", path, "--format", "json", "-o", "reports"])
        let latest = "reports/sixty-percent-hang/latest"
        let header = Self.text(under: program.folder.path, name: "run.json")
        #expect(result.status == .exited(0), "\(result.errorText)\n\(header)")
        for file in ["report.html", "report.md", "junit.xml", "trace.json", "plan.json", "scenario.yaml", "hanging/run.json"] {
            #expect(FileManager.default.fileExists(atPath: program.folder.appending(path: "\(latest)/\(file)").path), "\(file)")
        }
        let verdict = try program.json("\(latest)/verdict.json")
        let printed = try EvidenceCoding.decode(JSONValue.self, from: Data(result.output), name: "output")
        #expect(printed.object?["findings"] == verdict.object?["findings"])
        let root = try #require(verdict.object?["findings"]?.array?.first { $0.object?["role"] == "root" }?.object)
        #expect(root["cause"] == "peer-stalled")
        #expect(root["confidence"] == "contrasted")
        let again = try await program.run(["diagnose", latest, "--format", "json"])
        #expect(again.status == .exited(1))
        let offline = try EvidenceCoding.decode(JSONValue.self, from: Data(again.output), name: "diagnose")
        #expect(offline.object?["findings"] == verdict.object?["findings"])
        #expect(program.marked() == [])
    }

    @Test func `killed in the middle, it leaves no process behind`() async throws {
        let program = try Program()
        let path = try program.shipped("sixty-percent-hang")
        let child = try await program.start(["reproduce", path, "-o", "reports"])
        let events = program.folder.appending(path: "reports/sixty-percent-hang").path
        // The job runs: supervisor, model server, job system and capture are all up.
        #expect(await eventually { Self.text(under: events, name: "events.jsonl").contains("llm.first-token") })
        let started = program.marked()
        #expect(started.count >= 5)
        child.signal(SIGKILL)
        #expect(await child.wait() == .signalled(SIGKILL))
        // A process that is ending has no environment any more, by which `marked` knows it.
        #expect(await eventually { program.marked().isEmpty && !started.contains(where: \.isAlive) })
    }

    @Test func `interrupted, it cleans up, writes what there is and says so`() async throws {
        let program = try Program()
        let path = try program.shipped("sixty-percent-hang")
        let child = try await program.start(["reproduce", path, "-o", "reports"])
        let folder = program.folder.appending(path: "reports/sixty-percent-hang").path
        #expect(await eventually { Self.text(under: folder, name: "events.jsonl").contains("llm.first-token") })
        child.signal(SIGINT)
        #expect(await child.wait(for: .seconds(60)) == .exited(130))
        #expect(await eventually { program.marked().isEmpty })
        #expect(Self.text(under: folder, name: "run.json").contains("endedAt"))
    }

    @Test(arguments: [
        ("subject:\n  command: [\"/nowhere/at/all\"]\n", 64, "executable-missing"),
        ("subject:\n  command: [\"/bin/sh\", \"-c\", \"echo no licence; exit 4\"]\n  ready: { log: listening }\n", 1, "no licence"),
        ("subject:\n  command: [\"sleep\", \"1000\"]\n  ready: { log: listening, within: 500ms }\n", 1, "subject-not-ready"),
        ("subject:\n  comand: [\"sleep\", \"1000\"]\n", 64, "comand"),
    ])
    func `what is wrong with a subject is told, with the right code`(body: String, code: Int32, words: String) async throws {
        let program = try Program()
        let path = try program.scenario(body + "expect:\n  working: { outcome: completed }\n")
        let result = try await program.run(["reproduce", path, "-o", "reports"])
        #expect(result.status == .exited(code), "\(result.errorText)")
        #expect((result.errorText + result.outputText).contains(words), "\(result.errorText)")
        #expect(program.marked() == [])
    }

    @Test func `a taken port is told with the remedy`() async throws {
        let program = try Program()
        let holder = try await DirectSpawner().spawn(
            SpawnRequest(
                executable: "/usr/bin/env",
                arguments: ["python3", "-u", "-c", "import socket,time\ns=socket.socket()\ns.bind(('127.0.0.1',0))\ns.listen()\nprint(s.getsockname()[1])\ntime.sleep(1000)"],
                stdout: .pipe))
        var lines = LineStream(holder.pipes.output!).lines.makeAsyncIterator()
        let line = await lines.next()
        let port = try #require(line.flatMap { Int($0) })
        let path = try program.scenario(
            "subject:\n  job-system:\n    config: { port: \(port) }\nworkload:\n  - get: /health\nexpect:\n  working: { outcome: completed }\n")
        let result = try await program.run(["reproduce", path, "-o", "reports"])
        #expect(result.status == .exited(1), "\(result.errorText)")
        #expect(result.errorText.contains("port-in-use"), "\(result.errorText)")
        await holder.end(grace: .zero)
        #expect(program.marked() == [])
    }

    static func text(under folder: String, name: String) -> String {
        guard let all = FileManager.default.enumerator(atPath: folder) else { return "" }
        var text = ""
        while let path = all.nextObject() as? String {
            if path.hasSuffix("/" + name) { text += (try? String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)) ?? "" }
        }
        return text
    }
}
