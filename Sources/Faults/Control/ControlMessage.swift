package import Evidence

/// What the harness asks of an injector: one JSON line.
package struct ControlCommand: Codable, Sendable, Hashable {
    package enum Verb: String, Codable, Sendable, Hashable {
        case arm
        case heal
        /// Lists connections, where the injector has any.
        case list
        case shutdown
    }
    package var id: Int
    package var `do`: Verb
    /// The name it is armed under and healed by, such as "llm-stall".
    package var name: String?
    /// Kind of fault, such as "stall".
    package var fault: String?
    package var options: [String: String]?

    package init(id: Int, do verb: Verb, name: String? = nil, fault: String? = nil, options: [String: String]? = nil) {
        self.id = id
        self.do = verb
        self.name = name
        self.fault = fault
        self.options = options
    }
}

/// What an injector says: a reply to a command, or something that happened.
///
///     {"id":1,"ok":true}
///     {"id":1,"error":"...","code":"bad-option","remedy":"..."}
///     {"event":"token","at":81.25,"attributes":{"n":12,"request":1}}
package struct ControlMessage: Codable, Sendable, Hashable {
    package var id: Int?
    package var ok: Bool?
    package var error: String?
    package var code: String?
    package var remedy: String?
    package var result: JSONValue?

    package var event: String?
    /// CLOCK_MONOTONIC in seconds, when the event happened.
    package var at: Double?
    package var attributes: [String: JSONValue]?

    package static func done(_ id: Int, result: JSONValue? = nil) -> ControlMessage {
        var message = ControlMessage()
        message.id = id
        message.ok = true
        message.result = result
        return message
    }

    package static func failed(_ id: Int, _ error: any Error) -> ControlMessage {
        var message = ControlMessage()
        message.id = id
        if let error = error as? FaultError {
            message.error = error.message
            message.code = error.code
            message.remedy = error.remedy
        } else {
            message.error = String(describing: error)
            message.code = "failed"
        }
        return message
    }

    package static func happened(_ event: InjectorEvent) -> ControlMessage {
        var message = ControlMessage()
        message.event = event.name
        message.at = event.monotonic_s
        message.attributes = event.attributes
        return message
    }

    package init() {}
}

/// Something an injector did or saw.
package struct InjectorEvent: Sendable, Hashable {
    /// "listening", "connection", "request", "headers", "token", "answered", "stalled", "closed", "locked" ...
    package var name: String
    /// CLOCK_MONOTONIC in seconds.
    package var monotonic_s: Double
    package var attributes: [String: JSONValue]

    package init(name: String, monotonic_s: Double, attributes: [String: JSONValue] = [:]) {
        self.name = name
        self.monotonic_s = monotonic_s
        self.attributes = attributes
    }
}
