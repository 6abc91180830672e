internal import Evidence
internal import ProcessInspection

extension PythonProcess {
    /// Of threads that go on by themselves beside one that reads from a pipe or waits for a child, which descriptors their code has hold of.
    func noteOutputs(_ threads: inout [Int32: InspectedRuntime.Thread], _ records: [Int32: ThreadRecord]) {
        guard self.threads.count <= Self.outputLimit, records.values.contains(where: Self.readsOne), let opcodes = Opcodes.known(states.runtime.version.minor) else { return }
        for thread in self.threads where records[thread.tid].map(Self.wakesUp) == true && thread.trouble == nil {
            let reach = Reach(process: self, uses: CodeUses(objects: objects, opcodes: opcodes), barred: [])
            thread.frames.forEach(reach.add)
            reach.run()
            var code = threads[thread.tid]?.codeAhead ?? CodeAhead()
            let writesNumbers = reach.loaded.contains("os") && !reach.loaded.isDisjoint(with: ["write", "writev", "close", "sendfile"])
            let endsChildren = !reach.loaded.isDisjoint(with: Self.killers)
            let writes = !reach.loaded.isDisjoint(with: Self.writers)
            code.outputs = reach.isUncertain || writesNumbers || endsChildren ? .partial([], reason: "not all that it has hold of is known") : .complete(writes ? descriptors(reach.seen) : [])
            threads[thread.tid]?.codeAhead = code
        }
    }

    /// Of threads that wait for a child, whether another is started in the same way afterwards: it is one step of several.
    func noteSteps(_ threads: inout [Int32: InspectedRuntime.Thread], _ records: [Int32: ThreadRecord]) {
        guard let opcodes = Opcodes.known(states.runtime.version.minor) else { return }
        let uses = CodeUses(objects: objects, opcodes: opcodes)
        for thread in self.threads where records[thread.tid]?.wait?.kind == .child && thread.trouble == nil {
            let own = thread.frames.filter { !$0.code.isLibrary }.prefix(16)
            let behind = own.compactMap(uses.behind)
            guard !own.isEmpty, behind.count == own.count, thread.frames.first?.code.file.hasSuffix("/subprocess.py") == true else { continue }
            let callees = own.dropLast().map { String($0.code.name.split(separator: ".").last ?? "") }
            let startsAgain = behind[0].globals.contains("subprocess") && !behind[0].attributes.isDisjoint(with: Self.starters)
                || zip(behind.dropFirst(), callees).contains { $0.globals.contains($1) || $0.attributes.contains($1) }
            if startsAgain { threads[thread.tid, default: InspectedRuntime.Thread()].codeAhead = CodeAhead(); threads[thread.tid]?.codeAhead?.isOneStep = true }
        }
    }

    /// Of threads that read from one descriptor, who speaks first; of those that sleep, whether they do anything else, and whether they come back to it; of those in the middle of an event loop's round, what that polls.
    func noteExchanges(_ threads: inout [Int32: InspectedRuntime.Thread], _ records: [Int32: ThreadRecord]) {
        guard let opcodes = Opcodes.known(states.runtime.version.minor) else { return }
        let uses = CodeUses(objects: objects, opcodes: opcodes)
        let reader = PythonExchange(objects, uses)
        let rounds = SelectorRounds(objects: objects, uses: uses)
        for thread in self.threads.lazy.filter({ $0.trouble == nil }).prefix(Self.outputLimit) {
            guard let wait = records[thread.tid]?.wait else { continue }
            var code = threads[thread.tid]?.codeAhead ?? CodeAhead()
            if wait.kind == .descriptors, wait.descriptors?.count == 1 { code.exchange = reader.exchange(thread.frames) }
            if wait.kind == .sleep, reader.onlySleeps(thread.frames) { code.onlySleeps = true }
            if wait.kind == .sleep, let asked_s = wait.timeout_s, asked_s < Self.forEver_s, thread.frames.contains(where: { !$0.code.isOfLibrary && uses.isInLoop($0) }) { code.comesBack = true }
            if wait.descriptors?.contains(where: { $0.operation == .poll }) != true { code.polls = rounds.polled(thread.frames) }
            if code != CodeAhead() { threads[thread.tid, default: InspectedRuntime.Thread()].codeAhead = code }
        }
    }

    /// Lib/subprocess.py
    private static let starters: Set<String> = ["run", "call", "check_call", "check_output", "Popen"]

    private static let outputLimit = 64
    /// Longer than any program runs: nobody comes back from that.
    private static let forEver_s = 3e8
    /// Names by which a program's own code writes to a child or ends it (Lib/subprocess.py, Lib/io.py, Lib/multiprocessing/connection.py).
    private static let writers: Set<String> = ["stdin", "write", "writelines", "communicate", "close", "send", "send_bytes", "__exit__"]
    private static let killers: Set<String> = ["terminate", "kill", "killpg", "send_signal"]

    private static func readsOne(_ record: ThreadRecord) -> Bool {
        guard let wait = record.wait, wait.timeout_s == nil else { return false }
        return wait.kind == .child || wait.kind == .descriptors && wait.descriptors?.count == 1
    }
    private static func wakesUp(_ record: ThreadRecord) -> Bool { record.wait?.kind == .sleep || (record.wait?.timeout_s ?? 0) > 0 }

    /// Of files (struct fileio, Modules/_io/fileio.c: the descriptor behind the object's head) and of multiprocessing's connections.
    private func descriptors(_ seen: Set<UInt64>) -> [Int32] {
        Set(seen.compactMap { object -> Int32? in
            guard let type = objects.type(of: object) else { return nil }
            if type.fullName == "_io.FileIO" { return objects.half(object &+ 16).map(Int32.init(bitPattern:)) }
            return type.fullName == "multiprocessing.connection.Connection" ? objects.attribute("_handle", of: object).flatMap(objects.integer).map { Int32(truncatingIfNeeded: $0) } : nil
        }).filter { $0 > 2 }.sorted()
    }
}
