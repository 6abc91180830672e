import Foundation
import Testing

import JobSystem

@Suite struct OutputTests {
    @Test func everyLineHasItsTimesAndPlace() async throws {
        let llm = try await StubLLM(.answer(tokens: 2))
        try await RunningServer.with(llm, scale: 20) { server in
            _ = try await server.send("POST", "/generate-async", "{\"script\": \"a\"}", headers: [("X-Correlation-ID", "mine-1")])
            _ = try await server.waitForEnd("1")
            _ = try await server.waitForEvent("job.finished")
            #expect(server.rawLines.allSatisfy { $0.hasSuffix("\n") && $0.dropLast().allSatisfy { $0 != "\n" } })
            var last = 0.0
            for line in try server.allLines() {
                #expect(line["time"] is String && line["level"] is String)
                #expect(line["label"] is String && line["message"] is String)
                let clock = try #require(line["clock_s"] as? Double)
                #expect(clock >= 0)
                last = try #require(line["monotonic_s"] as? Double)
            }
            #expect(last > 0)
            let ofJob = try server.allLines().filter { $0["job.id"] as? String == "1" && $0["span"] == nil }
            #expect(ofJob.count > 8)
            #expect(ofJob.allSatisfy { $0["correlation.id"] as? String == "mine-1" })
            #expect(Set(ofJob.compactMap { $0["trace.id"] as? String }).count == 1)
        }
    }

    @Test func spansStartAndEndInTheirTree() async throws {
        let llm = try await StubLLM(.status(500))
        try await RunningServer.with(llm, scale: 20) { server in
            _ = try await server.waitForEnd(try await server.submit())
            _ = try await server.waitForEvent("job.finished")
            let spans = try server.allLines().filter { $0["span"] != nil }
            func line(_ kind: String, _ name: String) throws -> Line {
                try #require(spans.first { $0["kind"] as? String == kind && $0["span"] as? String == name })
            }
            let names = ["http.generate-async", "job.run", "analysis", "chunk", "llm.request"]
            for (parent, child) in zip(names, names.dropFirst()) {
                #expect(try line("span.start", child)["parent.id"] as? String == line("span.start", parent)["span.id"] as? String)
            }
            let request = try line("span.start", "llm.request")
            #expect(request["endpoint"] as? String == "127.0.0.1:\(llm.port)")
            #expect(request["model"] as? String == "moonshot-v1-32k")
            let end = try line("span.end", "llm.request")
            #expect(end["duration_s"] is Double)
            #expect((end["error"] as? String)?.contains("500") == true)
            #expect(end["span.id"] as? String == request["span.id"] as? String)
        }
    }

    @Test func everythingIsDescribed() async throws {
        let text = try Description.current.json
        let described = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [[String: Any]]])
        #expect(described["defects"]?.compactMap { $0["name"] as? String } == Defect.allCases.map(\.rawValue))
        #expect(described["config"]?.contains { $0["key"] as? String == "analysis.timeout" && $0["default"] as? String == "300s" } == true)
        #expect((described["endpoints"]?.count ?? 0) >= 5)
        let events = Set(try #require(described["events"]).compactMap { $0["name"] as? String })
        let llm = try await StubLLM(.answer(tokens: 2))
        try await RunningServer.with(llm, scale: 20) { server in
            _ = try await server.waitForEnd(try await server.submit())
            let seen = Set(try server.allLines().compactMap { $0["event"] as? String })
            #expect(seen.count > 10)
            #expect(seen.isSubset(of: events))
        }
    }

    @Test func serverSentEventsAreSplitHoweverTheyAreCut() throws {
        let text = "event: a\ndata: 1\n\n: comment\ndata: 2\r\ndata: 3\r\n\r\ndata:4\n\nevent: none\n\n"
        let whole = [
            ServerSentEvent(name: "a", data: "1"), ServerSentEvent(name: "", data: "2\n3"), ServerSentEvent(name: "", data: "4"),
        ]
        for size in 1...text.utf8.count {
            var parser = ServerSentEventParser()
            var events: [ServerSentEvent] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += try parser.feed(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(events == whole)
        }
        var parser = ServerSentEventParser()
        #expect(throws: ServerSentEventParser.LineTooLong.self) {
            try parser.feed([UInt8](repeating: 65, count: 2 << 20))
        }
    }
}
