package import Evidence
internal import FoundationEssentials
package import Processes

/// Makes events of the lines a subject writes: JSON objects of a structured logger, or anything else.
///
/// Nothing in a line is trusted: names, values and their number are bounded, times that cannot
/// be are replaced by the time of receipt, and what is no JSON object becomes a log event.
package struct EventDecoder: Sendable {
    static let maximumName = 200
    static let maximumText = 4096
    static let maximumAttributes = 64
    /// Names and jobs whose events are counted; those of further ones all have ordinal 1.
    static let maximumCounters = 100_000

    private let clock: ScenarioClock
    private let words: EventWords
    private var counts: [EventCounter: Int] = [:]

    private struct EventCounter: Hashable {
        var name: String
        var job: String?
    }

    /// - Parameter words: the program's own, where it has any.
    package init(clock: ScenarioClock, words: EventWords = EventWords()) {
        self.clock = clock
        self.words = words
    }

    /// - Parameter received_s: CLOCK_MONOTONIC when the line came.
    /// - Returns: nil for an empty line.
    package mutating func event(from line: LineSplitter.Line, received_s: Double) -> Event? {
        guard !line.bytes.isEmpty else { return nil }
        if !line.wasCut, line.bytes.first == UInt8(ascii: "{"),
            case .object(let members)? = try? JSONDecoder().decode(JSONValue.self, from: Data(line.bytes))
        {
            return event(from: members, received_s: received_s)
        }
        var event = Event(at: clock.moment(at: received_s), kind: .log, name: "output")
        event.message = String(line.text.prefix(Self.maximumText))
        if line.wasCut { event.attributes["cut"] = true }
        event.ordinal = ordinal("output", nil)
        return event
    }

    /// Gives an event of our own (a probe's, the client's) its ordinal.
    package mutating func numbered(_ event: Event) -> Event {
        var event = event
        event.ordinal = ordinal(event.name, event.job)
        return event
    }

    private mutating func event(from members: [String: JSONValue], received_s: Double) -> Event {
        var rest = renamed(members)
        func take(_ key: String) -> String? {
            guard let value = rest.removeValue(forKey: key), value != .null else { return nil }
            return String(value.text.prefix(Self.maximumText))
        }
        let kind = take("kind")
        let means = take("means")
        let eventName = take("event")
        let message = take("message") ?? take("msg")
        var event = Event(at: clock.moment(at: received_s), kind: .log, name: "log")
        if let kind {
            if let sense = Event.Sense(word: kind) { (event.kind, event.means) = (sense.kind, sense.means) } else { event.attributes["kind"] = .string(kind) }
        }
        if let means = means.flatMap(Event.Meaning.init) {
            event.means = means
            if kind == nil { event.kind = means.kind }
        }
        // The scenario knows better than a line that says nothing: many loggers put the event's name into the message.
        if let sense = words.means[eventName ?? message ?? ""] { (event.kind, event.means) = (sense.kind, sense.means) }
        let span = event.kind == .spanStart || event.kind == .spanEnd ? take("span") : nil
        event.name = String((eventName ?? span ?? message.flatMap { words.means[$0] == nil ? nil : $0 } ?? "log").prefix(Self.maximumName))
        event.message = message
        event.job = take("job.id").map { String($0.prefix(Self.maximumName)) }
        event.level = take("level").map { String($0.prefix(Self.maximumName)) }
        event.span = take("span.id").map { String($0.prefix(Self.maximumName)) }
        event.parentSpan = take("parent.id").map { String($0.prefix(Self.maximumName)) }
        event.trace = take("trace.id").map { String($0.prefix(Self.maximumName)) }
        if let told = rest.removeValue(forKey: "monotonic_s")?.number, told <= received_s + 0.001, told > received_s - 60 {
            event.at = clock.moment(at: told)
        }
        rest["time"] = nil
        for (key, value) in rest.sorted(by: { $0.key < $1.key }).prefix(Self.maximumAttributes) {
            event.attributes[String(key.prefix(Self.maximumName))] = Self.bounded(value)
        }
        event.ordinal = ordinal(event.name, event.job)
        return event
    }

    /// A line with its members called as ours are.
    private func renamed(_ members: [String: JSONValue]) -> [String: JSONValue] {
        guard !words.members.isEmpty else { return members }
        var renamed = members
        for (own, theirs) in words.members {
            guard let canonical = EventWords.canonical[own], canonical != theirs, let value = members[theirs] else { continue }
            renamed[canonical] = value
            if !words.members.values.contains(canonical) { renamed[theirs] = nil }
        }
        return renamed
    }

    private mutating func ordinal(_ name: String, _ job: String?) -> Int {
        let counter = EventCounter(name: name, job: job)
        let next = (counts[counter] ?? 0) + 1
        if next > 1 || counts.count < Self.maximumCounters { counts[counter] = next }
        return next
    }

    private static func bounded(_ value: JSONValue, depth: Int = 0) -> JSONValue {
        switch value {
        case .string(let text): .string(String(text.prefix(maximumText)))
        case .array(let values) where depth < 4: .array(values.prefix(maximumAttributes).map { bounded($0, depth: depth + 1) })
        case .object(let members) where depth < 4:
            .object(
                Dictionary(
                    members.sorted { $0.key < $1.key }.prefix(maximumAttributes)
                        .map { (String($0.key.prefix(maximumName)), bounded($0.value, depth: depth + 1)) },
                    uniquingKeysWith: { first, _ in first }))
        case .array, .object: .string("...")
        default: value
        }
    }
}
