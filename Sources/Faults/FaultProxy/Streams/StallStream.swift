/// Passes so many bytes and then none. What comes later stays with the kernel of the sender's
/// side, which acknowledges it.
struct StallStream: StreamFault {
    private var left: Int
    private var passing: [UInt8] = []
    private var held: [UInt8] = []

    init(afterBytes: Int) { left = afterBytes }

    var wantsBytes: Bool { left > 0 }
    var heldBytes: Int { passing.count + held.count }

    mutating func take(_ bytes: [UInt8], at now: Double) {
        let count = min(left, bytes.count)
        passing += bytes.prefix(count)
        held += bytes.dropFirst(count)
        left -= count
    }

    mutating func next(at now: Double) -> StreamStep {
        if passing.isEmpty { return .rest }
        defer { passing = [] }
        return .pass(passing)
    }

    mutating func giveBack() -> [UInt8] {
        defer { (passing, held) = ([], []) }
        return passing + held
    }
}

/// Passes so many bytes and then ends the connection; nil ends it at once.
struct CutStream: StreamFault {
    private let ending: ConnectionEnding
    private var left: Int
    private var passing: [UInt8] = []
    private var held: [UInt8] = []

    init(_ ending: ConnectionEnding, afterBytes: Int?) {
        self.ending = ending
        left = afterBytes ?? 0
    }

    var wantsBytes: Bool { left > 0 }
    var heldBytes: Int { passing.count + held.count }

    mutating func take(_ bytes: [UInt8], at now: Double) {
        let count = min(left, bytes.count)
        passing += bytes.prefix(count)
        held += bytes.dropFirst(count)
        left -= count
    }

    mutating func next(at now: Double) -> StreamStep {
        if !passing.isEmpty {
            defer { passing = [] }
            return .pass(passing)
        }
        return left == 0 ? .end(ending) : .rest
    }

    mutating func giveBack() -> [UInt8] {
        defer { (passing, held) = ([], []) }
        return passing + held
    }
}
