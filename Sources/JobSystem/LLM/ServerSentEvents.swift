/// One event of a `text/event-stream`.
package struct ServerSentEvent: Sendable, Equatable {
    /// The `event:` field; empty where there is none.
    package var name: String
    /// The `data:` fields, joined by newlines.
    package var data: String

    package init(name: String, data: String) {
        self.name = name
        self.data = data
    }
}

/// Splits a byte stream into server-sent events (WHATWG HTML, section 9.2), however it is cut up.
package struct ServerSentEventParser: Sendable {
    package struct LineTooLong: Error, Sendable {}

    /// A line longer than this is not an event of any LLM provider.
    private static let maximumLineBytes = 1 << 20

    private var line: [UInt8] = []
    private var name = ""
    private var data: [String] = []
    private var lastWasCarriageReturn = false

    package init() {}

    /// The events that the bytes complete.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let isLineFeed = byte == UInt8(ascii: "\n"), isReturn = byte == UInt8(ascii: "\r")
            if isLineFeed && lastWasCarriageReturn {
                lastWasCarriageReturn = false
            } else if isLineFeed || isReturn {
                lastWasCarriageReturn = isReturn
                if let event = endLine() { events.append(event) }
            } else {
                lastWasCarriageReturn = false
                line.append(byte)
                if line.count > Self.maximumLineBytes { throw LineTooLong() }
            }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            defer { (name, data) = ("", []) }
            return data.isEmpty ? nil : ServerSentEvent(name: name, data: data.joined(separator: "\n"))
        }
        let text = String(decoding: line, as: UTF8.self)
        let field = text.prefix { $0 != ":" }
        var value = text.dropFirst(field.count + 1)
        if value.first == " " { value = value.dropFirst() }
        switch field {
        case "event": name = String(value)
        case "data": data.append(String(value))
        default: break  // comments, ids and retry times mean nothing to us
        }
        return nil
    }
}
