internal import Evidence

/// Looks at the code of asyncio's tasks: whether those that were cancelled take notice, and whether the last child that somebody waits for can come to its end.
struct TaskSurvey {
    let process: PythonProcess
    let uses: CodeUses
    private var objects: PythonObjects { process.objects }
    private static let readerLimit = 256

    func complete(_ records: inout [TaskRecord], _ tasks: [AsyncTask]) {
        let rows = Dictionary(tasks.indices.map { (tasks[$0].address, $0) }, uniquingKeysWith: { first, _ in first })
        for (row, task) in tasks.enumerated() where task.isCancelled {
            records[row].codeAhead = CodeAhead()
            records[row].codeAhead?.ignoresCancellation = Deafness(objects: objects, uses: uses).isShown(task.frames)
        }
        let exchange = PythonExchange(objects, uses)
        for row in records.indices.filter({ records[$0].managedWait?.kind == .read }).prefix(Self.readerLimit) {
            guard let found = exchange.exchange(tasks[row].frames) else { continue }
            records[row].codeAhead = records[row].codeAhead ?? CodeAhead()
            records[row].codeAhead?.exchange = found
        }
        for (row, task) in tasks.enumerated() where sleeps(task) && own(task).contains(where: { uses.isEndless($0.code) }) {
            records[row].codeAhead = records[row].codeAhead ?? CodeAhead()
            records[row].codeAhead?.comesBack = true
        }
        // A program that signals tell what to do stays for that.
        guard !process.handlesSignals, !process.loops.contains(where: \.hasSignalHandlers) else { return }
        for (row, task) in tasks.enumerated() where records[row].wait?.kind == .task && !isContentWithFirst(task) {
            guard let child = records[row].wait?.task.flatMap({ rows[$0] }), !tasks[child].isCancelled, neverEnds(tasks[child]) else { continue }
            var (ahead, after) = (records[child].codeAhead ?? CodeAhead(), records[row].codeAhead ?? CodeAhead())
            ahead.endsOnlyIfCancelled = true
            after.hasMoreToDo = ResultUse(uses: uses).isUsed(by: task.frames)
            (records[child].codeAhead, records[row].codeAhead) = (ahead, after)
        }
    }

    /// asyncio.wait, unless for all of them.
    private func isContentWithFirst(_ task: AsyncTask) -> Bool {
        guard let frame = task.frames.first, frame.local("fs", objects) != nil else { return false }
        return frame.local("return_when", objects).flatMap(objects.string) != "ALL_COMPLETED" || frame.local("counter", objects) == nil
    }

    /// It sleeps in a loop that no `return` or `break` leaves, and does nothing in between that could come to an exception of its own, but look and tell.
    private func neverEnds(_ task: AsyncTask) -> Bool {
        guard sleeps(task) else { return false }
        let own = own(task)
        guard let loop = own.firstIndex(where: { uses.isEndless($0.code) }) else { return false }
        // Whoever called it may have set it a limit, take its failure, or read what it yields.
        guard task.frames[loop...].dropFirst().allSatisfy({ !$0.code.isOfLibrary && $0.stack.isEmpty }) else { return false }
        return own[...loop].allSatisfy(onlyTells)
    }

    private func sleeps(_ task: AsyncTask) -> Bool { task.frames.first?.isLibrary("asyncio/tasks.py", "sleep") == true }

    /// The program's own functions that lead to what it waits for.
    private func own(_ task: AsyncTask) -> ArraySlice<PythonFrame> { task.frames.dropFirst().prefix { !$0.code.isOfLibrary } }

    private static let calls = PollLoop.calls.union(["asyncio", "monotonic", "perf_counter", "strftime", "round", "float"])
    private static let plain: Set<String> = ["int", "float", "str", "bool", "NoneType", "list", "dict", "set", "tuple", "collections.deque", "bytes"]

    private func onlyTells(_ frame: PythonFrame) -> Bool {
        if uses.instructions(of: frame.code).contains(where: { $0.opcode == uses.opcodes.handling.raise }) { return false }
        let use = uses.use(of: frame.code, from: 0)
        func isPlain(_ entry: (name: String, value: UInt64)) -> Bool { objects.type(of: entry.value).map { Self.plain.contains($0.fullName) } ?? false }
        let values = Set(objects.entries(of: frame.globals).filter { isPlain(($0.name, $0.value)) }.map(\.name))
        let kept = Set(frame.locals(objects).prefix(64).flatMap { objects.attributes(of: $0.value).prefix(256) }.filter { isPlain(($0.name, $0.value)) }.map(\.name))
        return use.nested.isEmpty && use.globals.subtracting(Self.calls).isSubset(of: values) && use.attributes.subtracting(Self.calls).isSubset(of: kept)
    }
}
