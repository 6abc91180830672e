/// How an answer is spoilt although it is delivered whole.
package enum Malformation: String, Codable, Sendable, Hashable, CaseIterable {
    case json
    case truncated
    case empty
    case html
    case utf8
}

/// A fault of the model server, as its exchanges look at it.
enum ServerBehaviour: Sendable, Hashable {
    case stall(afterTokens: Int)
    case silence
    case stallAfterHeaders
    case drip(every_s: Double, bytes: Int)
    /// Connection faults; nil means at once, wherever the exchange stands.
    case closeEarly(afterTokens: Int?)
    case reset(afterTokens: Int?)
    case vanish(afterTokens: Int?)
    case drop
    case status(Int, retryAfter_s: Int?)
    case malformed(Malformation)
    case wrongModel(String)
    case latency(by_s: Double, jitter_s: Double)
    case refuse
    case notAccepting
    case blackholeConnect

    /// Reads kind and options; `times` is read by the caller.
    init(kind: FaultKind, values: OptionValues) throws {
        let after = try values.integer("after-tokens")
        switch kind.name {
        case "stall": self = .stall(afterTokens: after ?? 0)
        case "silence": self = .silence
        case "stall-after-headers": self = .stallAfterHeaders
        case "drip": self = .drip(every_s: try values.seconds("every") ?? 1, bytes: max(1, try values.bytes("bytes") ?? 1))
        case "close-early": self = .closeEarly(afterTokens: after)
        case "reset": self = .reset(afterTokens: after)
        case "vanish": self = .vanish(afterTokens: after)
        case "drop": self = .drop
        case "status":
            let code = try values.integer("code") ?? 500
            guard (400...599).contains(code) else {
                throw FaultError.badOption("code", String(code), wanted: "an HTTP error status, 400 to 599")
            }
            self = .status(code, retryAfter_s: try values.seconds("retry-after").map { Int($0.rounded(.up)) })
        case "malformed": self = .malformed(Malformation(rawValue: try values.string("how") ?? "json") ?? .json)
        case "wrong-model": self = .wrongModel(try values.string("model") ?? "model-other")
        case "latency": self = .latency(by_s: try values.seconds("by") ?? 0, jitter_s: try values.seconds("jitter") ?? 0)
        case "refuse": self = .refuse
        case "not-accepting": self = .notAccepting
        case "blackhole-connect": self = .blackholeConnect
        default:
            throw FaultError(
                code: "wrong-target", message: "A model server cannot do \"\(kind.name)\"",
                remedy: "Arm it at \(kind.targets.map(\.rawValue).sorted().joined(separator: " or ")).")
        }
    }

    /// What ends a connection.
    enum Ending: Sendable, Hashable {
        case close
        case reset
        case vanish
    }

    /// The end this fault puts to an exchange that has sent so many tokens (nil: no headers yet).
    func ending(tokensSent: Int?) -> Ending? {
        switch self {
        case .closeEarly(let after): reached(after, tokensSent) ? .close : nil
        case .reset(let after): reached(after, tokensSent) ? .reset : nil
        case .vanish(let after): reached(after, tokensSent) ? .vanish : nil
        default: nil
        }
    }

    /// Whether an exchange that has sent so many tokens (nil: no headers yet) stands still.
    func holds(tokensSent: Int?) -> Bool {
        switch self {
        case .drop: true
        case .silence: tokensSent == nil
        case .stallAfterHeaders: tokensSent == 0
        case .stall(let after): tokensSent.map { $0 >= after } ?? false
        default: false
        }
    }

    private func reached(_ after: Int?, _ sent: Int?) -> Bool {
        guard let after else { return true }
        return sent.map { $0 >= after } ?? false
    }
}
