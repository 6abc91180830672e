internal import Evidence

/// Waits that no code of the program is to end: at an object that nobody was given, or in an attribute that nobody else comes to. They keep a program or a thread alive.
struct OwnWait {
    let uses: CodeUses
    private let offset: Int
    private let text: CodeRows
    /// From the waiting function of the program on outwards.
    private let frames: [PythonFrame]
    private var objects: PythonObjects { uses.objects }

    static let rest = "keeps it alive: nobody else was given what it waits for"
    private static let makers: [String: Set<String>] = [
        "threading.Event": ["Event"], "threading.Condition": ["Condition"], "threading.Semaphore": ["Semaphore"], "threading.BoundedSemaphore": ["BoundedSemaphore"],
        "queue.Queue": ["Queue"], "queue.LifoQueue": ["LifoQueue"], "queue.PriorityQueue": ["PriorityQueue"], "_queue.SimpleQueue": ["SimpleQueue"],
        "concurrent.futures._base.Future": ["Future"], "_asyncio.Future": ["Future", "create_future"], "asyncio.locks.Event": ["Event"],
        "asyncio.locks.Condition": ["Condition"], "asyncio.locks.Semaphore": ["Semaphore"], "asyncio.queues.Queue": ["Queue"],
        "threading.Barrier": ["Barrier"], "asyncio.locks.Barrier": ["Barrier"],
    ]
    private static let depth = 8

    /// - Parameter frames: of a thread or task, innermost first.
    init?(_ frames: [PythonFrame], uses: CodeUses) {
        self.frames = Array(frames.drop(while: \.code.isLibrary).prefix(while: { !$0.code.isLibrary }).prefix(Self.depth))
        guard let frame = self.frames.first else { return nil }
        self.uses = uses
        offset = frame.offset
        text = CodeRows(frame.code, uses)
    }

    /// Whether the waiting function has made the object, and gives it to nobody: it was never meant to be signalled.
    func isForNobody(_ wait: ManagedWait) -> Bool {
        guard let (row, makers) = receiver(wait) else { return false }
        if text.makes(row, makers) { return true }
        return text.variable(row).map { isForNobody($0, at: row, makers) } ?? false
    }

    /// Whether the waiting function's variable only ever has what was made for it; a parameter what its caller made for this call.
    private func isForNobody(_ variable: Int, at row: Int, _ makers: Set<String>) -> Bool {
        guard text.rows.indices.allSatisfy({ !text.loads($0, variable) || text.onlyWaits(after: $0) }) else { return false }
        let stores = text.rows.indices.filter { text.stores($0, variable) }
        if !stores.isEmpty { return stores.contains { $0 < row } && stores.allSatisfy { text.makes($0 - 1, makers) } }
        guard variable < frames[0].slots.count, case let object = frames[0].slots[variable], object != 0 else { return false }
        for caller in frames.dropFirst() {
            guard let isMade = HandedOver(caller, uses).isMade(object, makers) else { continue }
            return isMade
        }
        return false
    }

    /// Whether the object lies in an attribute or a global that only ever has one that was made for it, and that no other code loads which the program comes to.
    ///
    /// - Parameter others: the codes that the program comes to.
    func isLeftAlone(_ wait: ManagedWait, by others: [PythonCode]) -> Bool {
        // Those who are to meet may all come to a barrier by the same code.
        guard wait.kind != .barrier, let (row, makers) = receiver(wait), let name = text.attribute(row) ?? text.global(row) else { return false }
        var isMade = false
        for code in others {
            let other = code.address == text.code.address ? text : CodeRows(code, uses)
            for row in other.rows.indices {
                if other.stored(row) == name {
                    // STORE_ATTR has the object above what it puts into it.
                    guard other.makes(row - 1, makers) || row > 1 && other.isLoad(row - 1) && other.makes(row - 2, makers) else { return false }
                    isMade = true
                } else if other.attribute(row) == name || other.global(row) == name {
                    guard code.address == text.code.address, other.onlyWaits(after: row) else { return false }
                }
            }
        }
        return isMade
    }

    /// The instruction that leaves the object that is waited for, and what makes such.
    private func receiver(_ wait: ManagedWait) -> (row: Int, makers: Set<String>)? {
        guard let type = objects.type(of: wait.object)?.fullName, let makers = Self.makers[type], let call = text.wait(at: offset) else { return nil }
        // Whoever uses what comes of it waits for that.
        if wait.kind == .queueTake || wait.kind == .future, call.isUsed { return nil }
        if type == "_asyncio.Future" { return call.isAwait ? (call.row, makers) : nil }
        guard uses.opcodes.calls.contains(text.rows[call.row].opcode), let method = (0..<call.row).last(where: text.isLoad), method > 0, call.row - method <= 4,
            text.attribute(method).map(CodeRows.waits.contains) == true
        else { return nil }
        return (method - 1, makers)
    }
}
