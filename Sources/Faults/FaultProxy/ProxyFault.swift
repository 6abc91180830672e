/// A fault of the proxy, read from its kind and options.
struct ProxyFault: Sendable {
    enum Effect: Sendable, Hashable {
        case stall(afterBytes: Int)
        case cut(ConnectionEnding, afterBytes: Int?)
        case drip(bytes: Int, every_s: Double)
        case bandwidth(bytesPerSecond: Double)
        case latency(by_s: Double, jitter_s: Double)
        case drop
        case refuse
        case notAccepting
        case blackholeConnect
    }

    /// Times are real seconds here.
    var effect: Effect
    /// Which directions it is in.
    var up: Bool
    var down: Bool
    var seed: UInt64

    init(kind: FaultKind, values: OptionValues, pace: ScenarioPace, seed: UInt64) throws {
        func real(_ name: String) throws -> Double { (try values.seconds(name) ?? 0) / pace.scale }
        self.seed = seed
        let direction = try values.string("direction") ?? "down"
        up = direction != "down"
        down = direction != "up"
        let after = try values.bytes("after-bytes")
        if try values.integer("after-tokens") != nil {
            throw FaultError(code: "bad-option", message: "A proxy does not know tokens", remedy: "Give after-bytes.")
        }
        switch kind.name {
        case "stall": effect = .stall(afterBytes: after ?? 0)
        case "drip": effect = .drip(bytes: try values.bytes("bytes") ?? 1, every_s: try real("every"))
        case "slicer": effect = .drip(bytes: try values.bytes("size") ?? 64, every_s: try real("pause"))
        case "close-early": effect = .cut(.close, afterBytes: after)
        case "reset": effect = .cut(.reset, afterBytes: after)
        case "vanish": effect = .cut(.vanish, afterBytes: after)
        case "latency": effect = .latency(by_s: try real("by"), jitter_s: try real("jitter"))
        case "bandwidth": effect = .bandwidth(bytesPerSecond: Double(try values.bytes("rate") ?? 0) * pace.scale)
        case "drop": effect = .drop
        case "refuse": effect = .refuse
        case "not-accepting": effect = .notAccepting
        case "blackhole-connect": effect = .blackholeConnect
        default:
            throw FaultError(
                code: "wrong-target", message: "A proxy cannot do \"\(kind.name)\"",
                remedy: "Arm it at \(kind.targets.map(\.rawValue).sorted().joined(separator: " or ")).")
        }
    }

    /// Puts the fault into a connection, on the connection's own thread.
    func apply(to loop: ConnectionLoop, named name: String, number: Int) {
        switch effect {
        case .drop: loop.drop(true)
        case .cut(let ending, nil): loop.end(ending)
        default:
            if up, let fault = stream(seed &+ UInt64(number) &* 2) { loop.add(name, up: true, fault) }
            if down, let fault = stream(seed &+ UInt64(number) &* 2 &+ 1) { loop.add(name, up: false, fault) }
        }
    }

    private func stream(_ seed: UInt64) -> (any StreamFault)? {
        switch effect {
        case .stall(let after): StallStream(afterBytes: after)
        case .cut(let ending, let after): CutStream(ending, afterBytes: after)
        case .drip(let bytes, let every): PacedStream(bytes: bytes, every_s: every)
        case .bandwidth(let rate): PacedStream(bytesPerSecond: rate)
        case .latency(let by, let jitter): LatencyStream(by_s: by, jitter_s: jitter, seed: seed)
        case .drop, .refuse, .notAccepting, .blackholeConnect: nil
        }
    }
}
