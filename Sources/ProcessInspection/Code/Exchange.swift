package import Evidence

/// Who speaks first on a connection that a thread reads from, by the order in which its code sends and reads.
///
/// Of a client that asks and one that takes orders the kernel shows the same: it sent last, and waits. Between two reads both send. But who
/// enters the loop around the read comes past the request first, or comes to the read at once.
package struct Exchange {
    /// Whether a step sends something on a connection; nil where that is not known.
    package typealias Sends = (_ row: Int) -> Bool?
    private var sendsLater = false
    package private(set) var hearsFirst: Bool?
    package private(set) var isOver = false

    package init() {}

    /// Looks at the next function of the stack, from the innermost on.
    ///
    /// - Parameter row: the call in it that was not left yet.
    package mutating func add(_ flow: ControlFlow, at row: Int, sends: Sends) {
        guard !isOver else { return }
        let others = flow.successors.indices.filter { $0 != row }.map { (row: $0, sends: sends($0)) }
        let sure = Set(others.filter { $0.sends == true }.map(\.row))
        let possible = Set(others.filter { $0.sends != false }.map(\.row))
        for loop in flow.loops(around: row) where sendsLater || !sure.isDisjoint(with: loop) {
            hearsFirst = flow.comesFirst(to: row, in: loop, before: possible)
            isOver = true
            return
        }
        if flow.reached(from: Array(possible)).contains(row) {
            hearsFirst = flow.reached(from: Array(sure)).contains(row) ? false : nil
            isOver = true
        } else if !flow.reached(from: [row]).isDisjoint(with: sure) {
            sendsLater = true
        }
    }

    /// The stack was not understood any further.
    package mutating func end() { isOver = true }
}

extension CodeReach {
    /// - Returns: see `CodeAhead.hearsFirst`.
    package func hearsFirst(_ stack: [Frame]) -> Bool? {
        var exchange = Exchange()
        for frame in program(stack) {
            guard let code = function(at: frame.programCounter), let flow = code.flow(doesNotReturn), let row = code.instructions.firstIndex(where: { $0.next == frame.programCounter }) else { return nil }
            exchange.add(flow, at: row) { sends(code.instructions[$0], code) }
            if exchange.isOver { break }
        }
        return exchange.hearsFirst
    }

    private func sends(_ instruction: Instruction, _ code: FunctionCode) -> Bool? {
        var search = Search()
        switch instruction.kind {
        case .call(let target): called(target, &search)
        case .jump(let target): if code.range.contains(target) { return false } else { called(target, &search) }
        case .callThrough(let slot), .jumpThrough(let slot): calledThrough(slot, &search)
        case .indirectCall, .systemCall: return nil
        case .branch, .indirectJump, .other, .end: return false
        }
        run(&search)
        if !search.imported.isDisjoint(with: Self.sending) { return true }
        return search.shortfall == nil && !search.imported.contains(where: Releasing.writesStreams) ? false : nil
    }

    /// What sends on a connection (POSIX; OpenSSL, GnuTLS).
    private static let sending: Set<String> = ["send", "sendto", "sendmsg", "sendmmsg", "write", "writev", "SSL_write", "gnutls_record_send"]
}
