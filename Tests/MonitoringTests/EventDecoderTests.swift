import Evidence
import Monitoring
import Processes
import Testing

@Suite struct EventDecoderTests {
    private let clock = ScenarioClock(scale: 60, reader: { 1000 })

    private func decode(_ texts: [String], cut: Bool = false) -> [Event] {
        var decoder = EventDecoder(clock: clock)
        return texts.compactMap { decoder.event(from: .init(bytes: Array($0.utf8), wasCut: cut), received_s: 1010) }
    }

    @Test func `a structured line becomes what it says`() throws {
        let line = """
            {"monotonic_s":1009.5,"level":"info","label":"jobd","message":"A token came","event":"llm.token","kind":"work",\
            "job.id":7,"span.id":"s1","trace.id":"t1","tokens":12}
            """
        let event = try #require(decode([line]).first)
        #expect(event.kind == .work)
        #expect(event.name == "llm.token")
        #expect(event.job == "7")
        #expect(event.at == Moment(monotonic_s: 1009.5, scenario_s: 570))
        #expect(event.span == "s1" && event.trace == "t1")
        #expect(event.attributes["tokens"] == 12)
        #expect(event.attributes["label"] == "jobd")
    }

    @Test func `a program's own words are understood as the scenario says`() throws {
        let words = EventWords(
            members: ["event": "msg", "job": "run", "status": "now"],
            means: ["page came": Event.Sense(.work, .answer), "moved on": Event.Sense(.status), "says hello": Event.Sense(.work, .started)])
        var decoder = EventDecoder(clock: clock, words: words)
        func decode(_ text: String) -> Event? { decoder.event(from: .init(bytes: Array(text.utf8), wasCut: false), received_s: 1010) }
        let page = try #require(decode(#"{"msg":"page came","run":7,"now":"unused"}"#))
        #expect(page.kind == .work && page.means == .answer && page.name == "page came" && page.job == "7")
        let status = try #require(decode(#"{"msg":"moved on","run":7,"now":"zu Ende"}"#))
        #expect(status.kind == .status && status.attributes["status"] == "zu Ende")
        let other = try #require(decode(#"{"msg":"nothing known","run":7}"#))
        #expect(other.kind == .log && other.means == nil)
        // A line that says it itself needs no scenario; a message counts as a name where the scenario knows it.
        #expect(decode(#"{"kind":"request"}"#).map { [$0.kind == .work, $0.means == .request] } == [true, true])
        #expect(decode(#"{"means":"deadline"}"#)?.kind == .timer)
        var plain = EventDecoder(clock: clock, words: EventWords(means: words.means))
        let greeting = plain.event(from: .init(bytes: Array(#"{"message":"says hello"}"#.utf8), wasCut: false), received_s: 1010)
        #expect(greeting?.name == "says hello" && greeting?.means == .started)
    }

    @Test func `spans are named by their operation`() throws {
        let event = try #require(decode([#"{"kind":"span.start","span":"llm.request","span.id":"a","parent.id":"b"}"#]).first)
        #expect(event.kind == .spanStart && event.name == "llm.request" && event.span == "a" && event.parentSpan == "b")
    }

    @Test func `ordinals count by name and job`() {
        let token = { (job: Int) in #"{"kind":"work","event":"token","job.id":"\#(job)"}"# }
        #expect(decode([token(1), token(2), token(1), token(1), token(2)]).map(\.ordinal) == [1, 1, 2, 3, 2])
    }

    @Test func `what is no JSON object is a log line`() {
        let events = decode(["Traceback (most recent call last):", "[1,2]", "{\"a\":", "", "nonsense {\"kind\":\"work\"}"])
        #expect(events.map(\.kind) == [.log, .log, .log, .log])
        #expect(events.first?.message == "Traceback (most recent call last):")
    }

    @Test func `an unknown kind is kept, and is no work`() throws {
        let event = try #require(decode([#"{"kind":"failure","event":"llm.request-failed"}"#]).first)
        #expect(event.kind == .log && event.name == "llm.request-failed" && event.attributes["kind"] == "failure")
    }

    @Test func `times that cannot be are those of receipt`() {
        let events = decode([
            #"{"monotonic_s":5e300,"event":"a"}"#, #"{"monotonic_s":-1,"event":"a"}"#, #"{"monotonic_s":"now","event":"a"}"#,
            #"{"monotonic_s":1011,"event":"a"}"#,
        ])
        #expect(events.map(\.at.monotonic_s) == [1010, 1010, 1010, 1010])
    }

    @Test func `hostile lines are bounded`() throws {
        let many = "{" + (0..<5000).map { "\"key\($0)\":\($0)" }.joined(separator: ",") + "}"
        let long = "{\"event\":\"" + String(repeating: "x", count: 60_000) + "\",\"value\":\"" + String(repeating: "y", count: 60_000) + "\"}"
        let deep = "{\"a\":" + String(repeating: "[", count: 20_000) + String(repeating: "]", count: 20_000) + "}"
        let events = decode([many, long, deep, "\u{0}\u{1}\u{2}", "{\"kind\":[],\"event\":{},\"job.id\":[1,2],\"level\":null}"])
        #expect(events.count == 5)
        #expect(events[0].attributes.count <= 65)
        #expect(events[1].name.count <= 200)
        #expect((events[1].attributes["value"]?.string?.count ?? 0) <= 4096)
    }

    @Test func `any mutation of a line is survived`() {
        let line = Array(#"{"monotonic_s":1009.5,"event":"llm.token","kind":"work","job.id":"1","x":[1,{"y":null}]}"#.utf8)
        var decoder = EventDecoder(clock: clock)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var bytes = line
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = decoder.event(from: .init(bytes: bytes, wasCut: false), received_s: 1010)
        }
    }
}
