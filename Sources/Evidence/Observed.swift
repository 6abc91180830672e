/// What a collector could see: all of it, part of it, or nothing, and then why.
///
/// Every section of a snapshot carries one, so that "we could not look" is never
/// mistaken for "there is nothing".
public enum Observed<Value> {
    case complete(Value)
    /// Some of the value is missing; `reason` says which part and why, for people.
    case partial(Value, reason: String)
    case unavailable(reason: String)

    /// The value as far as it is known; nil where nothing could be observed.
    public var value: Value? {
        switch self {
        case .complete(let value), .partial(let value, _): value
        case .unavailable: nil
        }
    }

    /// Why the value is not complete; nil where it is.
    public var reason: String? {
        switch self {
        case .complete: nil
        case .partial(_, let reason), .unavailable(let reason): reason
        }
    }

    public func map<Other>(_ transform: (Value) throws -> Other) rethrows -> Observed<Other> {
        switch self {
        case .complete(let value): .complete(try transform(value))
        case .partial(let value, let reason): .partial(try transform(value), reason: reason)
        case .unavailable(let reason): .unavailable(reason: reason)
        }
    }
}

extension Observed where Value: RangeReplaceableCollection {
    /// The elements that were observed; empty where nothing could be.
    public var elements: Value { value ?? Value() }
}

extension Observed: Sendable where Value: Sendable {}
extension Observed: Equatable where Value: Equatable {}
extension Observed: Hashable where Value: Hashable {}

/// Coded as `{"status": "complete|partial|unavailable", "value": ..., "reason": "..."}`; a table's stacks may have `"sameAs": 7` instead
/// of the value, for that of its row 7 (`FrameRowWriter`).
extension Observed: Codable where Value: Codable {
    private enum Key: String, CodingKey { case status, value, reason, sameAs }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(ObservationStatus.self, forKey: .status) {
        case .complete:
            self = .complete(try Self.value(in: container, decoder))
        case .partial:
            self = .partial(
                try Self.value(in: container, decoder),
                reason: try container.decode(String.self, forKey: .reason))
        case .unavailable:
            self = .unavailable(reason: try container.decode(String.self, forKey: .reason))
        }
    }

    private static func value(in container: KeyedDecodingContainer<Key>, _ decoder: any Decoder) throws -> Value {
        guard Value.self == [Frame].self, decoder.codingPath.count == 2, let row = decoder.codingPath[0].intValue,
            FrameRowKeys.all.contains(decoder.codingPath[1].stringValue), let shared = decoder.userInfo[SharedFrames.key] as? SharedFrames
        else { return try container.decode(Value.self, forKey: .value) }
        if let other = try container.decodeIfPresent(Int.self, forKey: .sameAs) {
            guard let value = shared.rows[other] as? Value else {
                throw DecodingError.dataCorruptedError(forKey: .sameAs, in: container, debugDescription: "row \(other) has no stack before this one")
            }
            return value
        }
        let value = try container.decode(Value.self, forKey: .value)
        shared.rows[row] = value as? [Frame]
        return value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(status, forKey: .status)
        try container.encodeIfPresent(value, forKey: .value)
        try container.encodeIfPresent(reason, forKey: .reason)
    }
}

extension Observed {
    public var status: ObservationStatus {
        switch self {
        case .complete: .complete
        case .partial: .partial
        case .unavailable: .unavailable
        }
    }
}

/// How much of a section could be observed.
public enum ObservationStatus: String, Codable, Sendable, Hashable {
    case complete, partial, unavailable
}

/// One thing that could not be observed, for the report's list of blind spots.
public struct Unobserved: Codable, Sendable, Hashable {
    /// What is missing, such as "stack of thread 812/815".
    public var what: String
    /// Why, and where there is one, the remedy.
    public var why: String

    public init(what: String, why: String) {
        self.what = what
        self.why = why
    }
}
