package import Evidence

/// Whether a Swift task means what it awaits to come about, or only keeps its process alive: by what its code does with it.
extension CodeReach {
    private static let pieceLimit = 400
    private static let depthLimit = 4

    /// Whether the loop over a stream, which goes on at `place` with an element, does anything with what comes; nil where that is not shown.
    package func worksOnElements(from place: UInt64) -> Bool? {
        let (ways, isWhole) = ways(from: place)
        // Those that lead round to it again.
        var round: Set = [place]
        var grew = true
        while grew {
            grew = false
            for (start, next) in ways where !round.contains(start) && next.contains(where: { round.contains($0.next.start) }) {
                round.insert(start)
                grew = true
            }
        }
        let works = ways.contains { start, next in round.contains(start) && next.contains { $0.isAtWork && round.contains($0.next.start) } }
        return works ? true : isWhole ? false : nil
    }

    /// Whether what goes on at `place` is shown not to come there again.
    package func isPassedOnce(_ place: UInt64) -> Bool {
        let (ways, isWhole) = ways(from: place)
        return isWhole && !ways.values.joined().contains { $0.next.start == place }
    }

    /// Whether what goes on at `place` is the first thing that each round of the outermost loop around it awaits, as where a worker takes its work.
    package func beginsRound(_ place: UInt64) -> Bool {
        guard let pieces = pieces(around: place), let round = pieces.flow.loops(around: pieces.row).last else { return false }
        let awaited = pieces.awaited.filter { $0.value != [Self.hop] }
        return pieces.flow.comesFirst(to: pieces.row, in: round, before: Set(awaited.keys)) == true
    }

    /// Whether what goes on at `place` is the first thing that its function awaits.
    package func isFirstAwaited(_ place: UInt64) -> Bool {
        guard var pieces = pieces(around: place) else { return false }
        for (row, awaited) in pieces.awaited where awaited != [Self.hop] && row != pieces.row { pieces.flow.successors[row] = [] }
        return pieces.flow.reached(from: [0]).contains(pieces.row)
    }

    /// - Parameter places: where the functions of a task go on, innermost first.
    /// - Returns: see `CodeAhead.exchange`.
    package func exchange(ofTaskAt places: [UInt64]) -> CodeAhead.Exchange? {
        var order = ExchangeOrder()
        for place in places {
            guard let pieces = pieces(around: place) else { return nil }
            order.add(pieces.flow, at: pieces.row) { row in pieces.awaited[row]?.contains { $0.contains("OutboundWriterV") && $0.contains("write") } == true ? .sends : .other }
            if order.isOver { break }
        }
        return order.exchange
    }

    /// Going on on another executor.
    private static let hop = "swift_task_switch"

    /// The pieces of the function that goes on at `place`: how they lead to each other, which of them that is, and what was awaited before each; nil where they could not all be read.
    private func pieces(around place: UInt64) -> (flow: ControlFlow, row: Int, awaited: [Int: Set<String>])? {
        guard let entry = entry(ofPieceAt: place), case let (ways, isWhole) = ways(from: entry), isWhole else { return nil }
        let starts = [entry] + Set(ways.keys).union(ways.values.joined().map(\.next.start)).subtracting([entry]).sorted()
        let rows = Dictionary(starts.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        guard let row = rows[place] else { return nil }
        var awaited: [Int: Set<String>] = [:]
        for way in ways.values.joined() { if let next = rows[way.next.start] { awaited[next, default: []].insert(way.awaited ?? "") } }
        return (ControlFlow(successors: starts.map { start in (ways[start] ?? []).compactMap { rows[$0.next.start] } }), row, awaited)
    }

    private func entry(ofPieceAt place: UInt64) -> UInt64? {
        guard let code = function(at: place), code.range.lowerBound == place, let module = modules.module(at: place) else { return nil }
        return module.image.address(ofSymbol: String(Self.function(of: code.symbol))).map { $0 &+ module.bias }
    }

    /// Whether a function that goes on at `place`, once its continuation is resumed, has given that to anybody; nil where that is not shown.
    package func handsOnContinuation(before place: UInt64) -> Bool? {
        guard let entry = entry(ofPieceAt: place) else { return nil }
        let uses = ways(from: entry).ways.values.joined().filter { $0.next.start == place }.compactMap { way in
            way.awaited == "swift_continuation_await" ? way.isAtWork : way.handed.map { passesOn($0) }
        }
        return uses.isEmpty ? nil : uses.allSatisfy(\.self)
    }

    /// Whether a function does anything once a call has returned, other than to put away what it kept meanwhile.
    package func hasMoreToDo(afterCallAt place: UInt64) -> Bool {
        guard let code = function(at: place) else { return false }
        return code.remaining(from: place).contains { isCall($0) && isWork($0) && symbol(of: $0)?.contains("6cancel") != true }
    }

    /// By the place where a piece begins, the ways to others; and whether all could be read.
    private func ways(from place: UInt64) -> (ways: [UInt64: Set<Way>], isWhole: Bool) {
        var found: [UInt64: Set<Way>] = [:]
        var queue = [Piece(start: place)]
        var seen = Set(queue)
        var isWhole = true
        while let piece = queue.popLast() {
            guard seen.count <= Self.pieceLimit, let walk = walk(piece) else {
                isWhole = false
                continue
            }
            found[piece.start, default: []].formUnion(walk.ways)
            for way in walk.ways where seen.insert(way.next).inserted { queue.append(way.next) }
        }
        return (found, isWhole)
    }

    /// A closure that takes a CheckedContinuation or an UnsafeContinuation, itself or by way of what it captures (docs/ABI/Mangling.rst).
    func takesContinuation(_ place: UInt64) -> Bool {
        guard let code = function(at: place), code.range.lowerBound == place else { return false }
        return code.symbol.hasPrefix("$s") && code.symbol.contains("fU") && ["ScCy", "Sccy"].contains { code.symbol.contains($0) }
    }

    /// Whether a closure calls anything but the language's runtime.
    private func passesOn(_ closure: UInt64, depth: Int = 0) -> Bool {
        guard depth < Self.depthLimit, let code = function(at: closure) else { return true }
        return code.instructions.contains { instruction in
            switch instruction.kind {
            case .indirectCall, .indirectJump: return true
            case .call, .callThrough, .jump, .jumpThrough:
                if case .jump(let target) = instruction.kind, code.range.contains(target) { return false }
                if case .call(let target) = instruction.kind, takesContinuation(target) { return passesOn(target, depth: depth + 1) }
                if case .jump(let target) = instruction.kind, takesContinuation(target) { return passesOn(target, depth: depth + 1) }
                guard let symbol = symbol(of: instruction), !symbol.hasPrefix("$s") else { return isWork(instruction) }
                return !["swift_", "__swift_", "mem"].contains { symbol.hasPrefix($0) }
            default: return false
            }
        }
    }
}
