internal import Evidence

/// Tells waits that nobody can end any more from those that somebody still could, although others of the process go on:
/// whoever goes on, and whatever code it can still come to, must lead to the object that is waited for.
///
/// The reasoning is a garbage collector's: units that wait for something of the process are dead until one that goes on,
/// or one that it revives, can reach what they wait for.
struct Liveness {
    struct Unit {
        enum Key: Hashable { case thread(Int32), task(UInt64) }
        var key: Key
        var frames: [PythonFrame]
        /// What it waits for; nil where it goes on, or something outside may let it.
        var wait: ManagedWait?
        /// Objects of which any that is reached may end the wait.
        var targets: [UInt64] = []
        /// Units whose end, or whose work, it waits for; all of them where `needsAll`.
        var units: [Key] = []
        var needsAll = false
        var isMain = false
    }

    private let process: PythonProcess
    private let units: [Unit]
    private let reach: Reach
    private let uses: CodeUses
    private(set) var dead: [Unit] = []

    /// nil where the instructions of this version are not known, or not everything could be followed.
    init?(process: PythonProcess, units: [Unit], coroutines: Set<UInt64>) {
        guard let opcodes = Opcodes.known(process.states.runtime.version.minor) else { return nil }
        self.process = process
        self.units = units
        uses = CodeUses(objects: process.objects, opcodes: opcodes)
        reach = Reach(process: process, uses: uses, barred: coroutines.union(process.pools.pools.compactMap(\.queue)), passesByLookers: true)
        process.handlers.forEach { reach.add(object: $0) }
        guard findDead() else { return nil }
    }

    /// Frames that only see to it that a thread or loop begins and ends: they know every object, and release none.
    private static func isFrame(_ frame: PythonFrame) -> Bool {
        if frame.isLibrary("asyncio/base_events.py", "BaseEventLoop.run_until_complete") { return true }
        if frame.code.isLibrary, frame.code.file.hasSuffix("/asyncio/runners.py") { return true }
        return ["Thread._bootstrap", "Thread._bootstrap_inner", "Thread.run"].contains { frame.isLibrary("threading.py", $0) }
    }

    private mutating func findDead() -> Bool {
        var waiting = units.filter { $0.wait != nil }
        var live: Set<Unit.Key> = []
        func revive(_ unit: Unit) {
            live.insert(unit.key)
            for frame in unit.frames where !Self.isFrame(frame) { reach.add(frame) }
            guard case .thread(let tid) = unit.key else { return }
            for loop in process.loops where loop.tid == tid { loop.libuv.map(reach.add) }
            // Only its workers run what lies in a pool's queue.
            for pool in process.pools.pools where pool.workers.contains(tid) { pool.items.forEach { reach.add(object: $0) } }
        }
        for unit in units where unit.wait == nil { revive(unit) }
        while true {
            reach.run()
            if reach.isUncertain { return false }
            let count = waiting.count
            waiting.removeAll { unit in
                let alive = unit.units.filter { live.contains($0) }
                let isRevived = unit.targets.contains { reach.seen.contains($0) } || (unit.needsAll ? alive.count == unit.units.count && !alive.isEmpty : !alive.isEmpty)
                if isRevived { revive(unit) }
                return isRevived
            }
            if waiting.count == count { break }
        }
        dead = waiting
        return true
    }

    /// Whether nobody of these can come to anything that the frames of another thread may look at, nor assigns what those load.
    func keepsAway(from frames: [PythonFrame]) -> Bool {
        let own = Reach(process: process, uses: uses, barred: [])
        for frame in frames { own.add(frame) }
        own.run()
        guard !own.isUncertain, own.loaded.isDisjoint(with: reach.stored) else { return false }
        return !own.seen.contains { reach.seen.contains($0) && process.objects.isChangeable($0) }
    }

    /// Whether nobody of these can change any of these objects, nor assigns any of these names.
    func leaveAlone(_ names: Set<String>, _ values: Set<UInt64>) -> Bool { names.isDisjoint(with: reach.stored) && !values.contains { reach.mayChange($0) } }

    // MARK: What it means

    /// What is shown of the dead units' waits: by key, the wait with what could still end it, or why it is rest.
    func judged() -> [Unit.Key: ManagedWait] {
        let awaited = Set(dead.flatMap(\.units))
        lazy var codes = comesTo()
        var result: [Unit.Key: ManagedWait] = [:]
        for unit in units where unit.wait?.rest == nil && unit.targets.contains(where: { reach.seen.contains($0) }) {
            // What nothing can wake any more stays so, whatever its event loop could come to.
            guard var wait = unit.wait, wait.object != 0, wait.releasers != .complete([]) else { continue }
            wait.releasers = .complete(["threads or tasks that go on can come to it"])
            result[unit.key] = wait
        }
        for unit in dead {
            guard var wait = unit.wait, wait.rest == nil, unit.units.isEmpty else { continue }
            if wait.kind != .event || awaited.contains(unit.key), let own = OwnWait(unit.frames, uses: uses), let codes, own.isLeftAlone(wait, by: codes) {
                wait.releasers = .partial([], reason: "no code that the program comes to would end it")
                result[unit.key] = wait
                continue
            }
            switch wait.kind {
            case .semaphore, .barrier, .queueJoin, .queuePut: wait.releasers = .complete([])
            case .queueTake, .condition:
                guard unit.isMain || awaited.contains(unit.key) && !isEndless(unit) || isBorrowing(unit) else { continue }
                wait.releasers = .complete([])
            case .event, .future:
                guard process.knowsHandlers, let found = judged(unit, wait, isAwaited: awaited.contains(unit.key)) else { continue }
                wait = found
            // Whoever took it has ended without giving it back.
            case .lock where wait.ownerTID == nil && wait.ownerTask == nil: wait.ownerAlive = false
            case .lock, .threadEnd, .sleep, .read, .housekeeping: continue
            }
            result[unit.key] = wait
        }
        return result
    }

    /// Code that the program has come to, or that what it has come to calls by name; nil where that is not known.
    private func comesTo() -> [PythonCode]? {
        let reach = Reach(process: process, uses: uses, barred: [], isStrict: true)
        var own: [UInt64: PythonCode] = [:]
        for frame in units.flatMap(\.frames) where !frame.code.isLibrary {
            own[frame.code.address] = frame.code
            guard var use = uses.all(of: frame.code.address) else { continue }
            // The functions that a module defines, somebody has to call.
            if frame.namespace != 0 { use.nested = [] }
            reach.add(use, globals: frame.globals, namespace: frame.namespace)
            frame.locals(process.objects).forEach { reach.add(object: $0.value) }
        }
        reach.run()
        if reach.isUncertain { return nil }
        for (address, _) in reach.program { own[address] = own[address] ?? PythonCode(address, process.objects) }
        return Array(own.values)
    }

    /// An event or a future that nobody leads to.
    private func judged(_ unit: Unit, _ old: ManagedWait, isAwaited: Bool) -> ManagedWait? {
        var wait = old
        wait.releasers = .complete([])
        if wait.timeout_s != nil { return wait }
        // Nobody keeps a program alive by the result of somebody's work.
        // And a thread that does nothing else need not come to its end.
        if wait.kind == .event, unit.frames.allSatisfy(\.code.isLibrary) {
            wait.releasers = .partial([], reason: "nobody who goes on leads to it")
            return wait
        }
        if isAwaited || wait.kind == .future && wait.typeName != "asyncio.Future" { return wait }
        guard unit.isMain else { return nil }
        // A main thread without an end waits for the next of many; what comes first may have come.
        if !isEndless(unit), let code = StartedEnders(process: process, uses: uses).ender(of: wait, unit.frames) {
            wait.knownFrom += "; `\(code.name)` (\(code.baseName)), which was to end the wait, is run by nobody any more"
            return wait
        }
        // The way to keep a program alive while others work in it; deeper down nobody means that, and nobody can tell.
        let own = unit.frames.filter { !$0.code.isLibrary && $0.code.name != "<module>" }
        // And an event that those look at is what is to stop them.
        let isKept = own.count <= 1 || reach.lookedAt.contains(wait.object)
        if isKept { wait.rest = "keeps the program alive while others go on in it" }
        wait.releasers = isKept ? old.releasers : .partial([], reason: "nobody who goes on leads to it")
        return wait
    }

    /// In the middle of a call of the program to a package that waits for a member of its pool, as a database's client does: nobody is at rest there.
    private func isBorrowing(_ unit: Unit) -> Bool {
        let above = unit.frames.drop { $0.code.isLibrary }
        let package = above.prefix { $0.code.isOfLibrary && !$0.code.isLibrary }
        return package.contains { Self.words(of: $0.code.name).contains("pool") } && !package.contains { uses.isEndless($0.code) } && above.dropFirst(package.count).contains { !$0.code.isOfLibrary }
    }

    /// The words of a name, which begin behind an underscore or a point or with a capital.
    private static func words(of name: String) -> [String] {
        name.reduce(into: [""]) { words, letter in
            if !letter.isLetter { words.append("") } else if letter.isUppercase { words.append(letter.lowercased()) } else { words[words.count - 1].append(letter) }
        }
    }

    /// A worker that takes work for ever: its end is waited for only to keep the program alive.
    private func isEndless(_ unit: Unit) -> Bool {
        guard case .thread = unit.key else { return false }
        return unit.frames.contains { !$0.code.isLibrary && uses.isEndless($0.code) }
    }
}
