import Evidence

/// Timelines of the sample runs, in scenario seconds.
struct SampleEvents {
    let moment: (Double) -> Moment

    var working: [Event] {
        var events = common(until: 100)
        events += chunk(1, from: 9, to: 35) + chunk(2, from: 36, to: 62) + chunk(3, from: 63, to: 92)
        events += [
            event(93, .work, "analysis.parsed"), event(95, .work, "row.written", ["table": "reports"]), event(96, .progress, "progress", ["progress": 90]),
            event(98, .status, "job.status", ["status": "COMPLETED"]), event(98, .progress, "progress", ["progress": 100]),
            span(98, .spanEnd, "job", "s1", nil), span(93, .spanEnd, "analysis", "s2", "s1"),
            event(100, .client, "client.poll", ["status": "COMPLETED"]),
        ]
        return numbered(events)
    }

    var hanging: [Event] {
        var events = common(until: 194)
        events += chunk(1, from: 9, to: 35) + Array(chunk(2, from: 36, to: 62).filter { $0.at.scenario_s ?? 0 <= 41.2 })
        events += stride(from: 82.0, to: 194, by: 4).map { event($0, .progress, "progress", ["progress": 85]) }
        events.append(Event(at: moment(101.4), kind: .harness, name: "watchdog.alarm"))
        return numbered(events)
    }

    /// Start of the job, and its simulated progress: 2 points every 2 s from 15 % to 85 %.
    private func common(until end: Double) -> [Event] {
        var events = [
            event(0.4, .client, "client.request", ["path": "/generate-async"]), event(0.6, .status, "job.status", ["status": "QUEUED"]),
            event(0.8, .work, "row.written", ["table": "jobs"]), span(1, .spanStart, "job", "s1", nil),
            event(1, .status, "job.status", ["status": "PROCESSING"]), event(1, .progress, "progress", ["progress": 5]),
            event(2, .progress, "progress", ["progress": 10]), span(6, .spanStart, "analysis", "s2", "s1"),
        ]
        for step in 0...35 where 8 + Double(step) * 2 < min(end, 92) {
            events.append(event(8 + Double(step) * 2, .progress, "progress", ["progress": .int(Int64(15 + step * 2))]))
        }
        return events
    }

    private func chunk(_ number: Int, from start: Double, to end: Double) -> [Event] {
        var events = [
            event(start, .work, "chunk.started", ["chunk": .int(Int64(number))]), span(start, .spanStart, "chunk \(number)", "c\(number)", "s2"),
            event(start + 0.5, .work, "llm.request", ["model": "moonshot-v1-8k", "prompt": "Analyse this scene: INT. KITCHEN, NIGHT"]),
            span(start + 0.5, .spanStart, "llm.complete", "l\(number)", "c\(number)"), event(start + 2, .work, "llm.first-token"),
        ]
        for token in 1...36 { events.append(event(start + 2 + Double(token) * (end - start - 3) / 36, .work, "llm.token")) }
        events += [
            span(end - 0.5, .spanEnd, "llm.complete", "l\(number)", "c\(number)"), event(end, .work, "chunk.completed", ["chunk": .int(Int64(number))]),
            span(end, .spanEnd, "chunk \(number)", "c\(number)", "s2"),
        ]
        return events
    }

    private func event(_ at: Double, _ kind: Event.Kind, _ name: String, _ attributes: [String: JSONValue] = [:]) -> Event {
        Event(at: moment(at), kind: kind, name: name, job: "1", attributes: attributes)
    }

    private func span(_ at: Double, _ kind: Event.Kind, _ name: String, _ id: String, _ parent: String?) -> Event {
        var event = Event(at: moment(at), kind: kind, name: name, job: "1")
        event.span = id
        event.parentSpan = parent
        event.trace = "t1"
        return event
    }

    /// In order of time, with ordinals as a recorder gives them.
    private func numbered(_ events: [Event]) -> [Event] {
        var seen: [String: Int] = [:]
        return events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element).map { event in
            var event = event
            seen[event.name, default: 0] += 1
            event.ordinal = seen[event.name]!
            return event
        }
    }
}
