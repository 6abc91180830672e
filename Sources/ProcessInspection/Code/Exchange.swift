package import Evidence

/// Who speaks first on a connection that a thread reads from, by the order in which its code sends and reads.
///
/// Of a client that asks and one that takes orders the kernel shows the same: it sent last, and waits. Between two reads both send. But who
/// enters the loop around the read comes past the request first, or comes to the read at once.
package struct ExchangeOrder {
    /// What a step of a function means for that.
    package enum Step: Sendable {
        case sends, maySend
        /// Does something with what came, rather than put together what comes in parts.
        case handles
        case other
    }
    private var sendsLater = false
    private var handles = false
    package private(set) var exchange: CodeAhead.Exchange?
    package private(set) var isOver = false

    package init() {}

    /// Looks at the next function of the stack, from the innermost on.
    ///
    /// - Parameter row: the call in it that was not left yet.
    package mutating func add(_ flow: ControlFlow, at row: Int, step: (_ row: Int) -> Step) {
        guard !isOver else { return }
        let steps = flow.successors.indices.map { $0 == row ? .other : step($0) }
        func rows(_ wanted: Set<Step>) -> Set<Int> { Set(steps.indices.filter { wanted.contains(steps[$0]) }) }
        let (sure, possible) = (rows([.sends]), rows([.sends, .maySend]))
        let loops = flow.loops(around: row)
        for loop in loops where sendsLater || !sure.isDisjoint(with: loop) {
            if flow.comesFirst(to: row, in: loop, before: possible) == true { return end(.answers) }
            return end(flow.comesFirst(to: row, in: loop, before: sure) == false ? .asks : nil)
        }
        handles = handles || loops.contains { loop in loop.isDisjoint(with: possible) && !loop.isDisjoint(with: rows([.handles])) }
        if flow.reached(from: Array(possible)).contains(row) {
            end(flow.reached(from: Array(sure)).contains(row) ? handles ? .receives : .asks : nil)
        } else if !flow.reached(from: [row]).isDisjoint(with: sure) {
            sendsLater = true
        }
    }

    private mutating func end(_ found: CodeAhead.Exchange?) { (exchange, isOver) = (found, true) }
}

extension CodeReach {
    /// - Returns: see `CodeAhead.exchange`.
    package func exchange(_ stack: [Frame]) -> CodeAhead.Exchange? {
        var order = ExchangeOrder()
        for frame in program(stack) {
            guard let code = function(at: frame.programCounter), let flow = code.flow(doesNotReturn), let row = code.instructions.firstIndex(where: { $0.next == frame.programCounter }) else { return nil }
            order.add(flow, at: row) { step(code.instructions[$0], code) }
            if order.isOver { break }
        }
        return order.exchange
    }

    private func step(_ instruction: Instruction, _ code: FunctionCode) -> ExchangeOrder.Step {
        switch instruction.kind {
        case .call(let target): return step(ofCallTo: target, isSlot: false)
        case .jump(let target): return code.range.contains(target) ? .other : step(ofCallTo: target, isSlot: false)
        case .callThrough(let slot), .jumpThrough(let slot): return step(ofCallTo: slot, isSlot: true)
        case .indirectCall, .systemCall: return .maySend
        case .branch, .indirectJump, .other, .end: return .other
        }
    }

    private func step(ofCallTo place: UInt64, isSlot: Bool) -> ExchangeOrder.Step {
        if let known = exchanges[place] { return known }
        var search = Search()
        if isSlot { calledThrough(place, &search) } else { called(place, &search) }
        guard !isLate else { return .maySend }
        run(&search)
        let isOwn = !isSlot && slot(ofStubAt: place) == nil
        let step: ExchangeOrder.Step = if !search.imported.isDisjoint(with: Self.sending) { .sends }
            else if search.shortfall != nil || search.imported.contains(where: Releasing.writesStreams) { .maySend }
            else { isOwn || !search.imported.isDisjoint(with: ["puts", "printf", "__printf_chk"]) ? .handles : .other }
        exchanges[place] = step
        return step
    }

    /// What sends on a connection (POSIX; OpenSSL, GnuTLS).
    private static let sending: Set<String> = ["send", "sendto", "sendmsg", "sendmmsg", "write", "writev", "SSL_write", "gnutls_record_send"]

    /// Whether all that a thread calls from where it sleeps on, and no way leads out of that, is to sleep again.
    package func onlySleeps(_ stack: [Frame]) -> Bool {
        guard let frame = program(stack).first, let code = function(at: frame.programCounter), let flow = code.flow(doesNotReturn),
            let row = code.instructions.firstIndex(where: { $0.next == frame.programCounter }), case let ahead = flow.reached(from: flow.successors[row]), ahead.contains(row)
        else { return false }
        return ahead.allSatisfy { row in
            switch code.instructions[row].kind {
            case .call, .callThrough: importedName(of: code.instructions[row]).map(Releasing.isPause) ?? false
            case .indirectCall, .systemCall, .jumpThrough, .indirectJump, .end: false
            case .jump(let target), .branch(let target): code.range.contains(target)
            case .other: true
            }
        }
    }
}
