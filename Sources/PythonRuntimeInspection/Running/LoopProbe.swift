internal import Evidence
internal import Glibc
internal import ProcessInspection

/// Looks some times, a few milliseconds apart, at a thread that runs: whether it goes round in a loop none of whose
/// values change.
struct LoopProbe {
    let runtime: PythonRuntime
    let memory: any MemoryReader
    /// Address of the thread's PyThreadState.
    let state: UInt64

    private static let looks = 6
    /// Looks at most while the thread stands at one place.
    private static let patience = 40
    private static let pause_us: UInt32 = 2500
    private static let limit_bytes = 16 << 20
    /// A string this short is matched in no time by a regular expression that does not backtrack without end.
    private static let shortText = 10_000

    private struct Look {
        var objects: PythonObjects
        /// Outermost first.
        var frames: [PythonFrame]
    }

    /// nil when values change from one round to the next, when too little could be read, or when the loop looks at the clock or at chance.
    func loop() -> ManagedLoop? {
        let first = (0..<Self.looks).compactMap { _ in look() }
        guard first.count >= Self.looks - 1 else { return nil }
        let common = commonFrames(first.map(\.frames))
        guard common > 0 else { return nil }
        var more = (0..<Self.looks).compactMap { _ in look() }
        // On a loaded machine the thread may not have run at all in between.
        while more.count < Self.patience, Set((first + more).map { Self.place($0, common) }).count == 1, let next = look() { more.append(next) }
        let second = more.filter { $0.frames.count >= common && Self.same($0.frames[common - 1], first[0].frames[common - 1]) }
        guard second.count >= max(Self.looks, more.count) - 1, let last = second.last else { return nil }
        guard !(first + second).contains(where: { readsClock($0, from: common - 1) }) else { return nil }
        // The iterator of a loop stays where it is for as long as the loop runs.
        var iterators = ValueDigest(first[0].objects).iterators(of: first[0].frames[common - 1])
        for look in first + second {
            let now = ValueDigest(look.objects).iterators(of: look.frames[common - 1])
            iterators = iterators.filter { now[$0.key] == $0.value }
        }
        let lasting = iterators.sorted { $0.key < $1.key }.map(\.value)
        // A value may change and change back within a round: where the loop comes by again, all is as it was.
        var digests: [UInt64: Int] = [:]
        var byPlace: [Int: Set<UInt64>] = [:]
        for look in first + second {
            let frame = look.frames[common - 1]
            let digest = ValueDigest(look.objects).digest(of: frame, under: Array(look.frames.prefix(common - 1)), iterators: lasting)
            digests[digest, default: 0] += 1
            byPlace[Self.place(look, common), default: []].insert(digest)
        }
        let comesBy = first.count + second.count - byPlace.count
        guard byPlace.values.allSatisfy({ $0.count == 1 }), digests.count == 1 || comesBy >= Self.looks / 2,
            let digest = digests.max(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key
        else { return nil }
        let frame = last.frames[common - 1]
        let match = byPlace.count == 1 ? expression(frame, last.objects) : nil
        var loop = ManagedLoop(frame: frame.evidence, digest: String(digest, radix: 16), detail: match)
        loop.moves = byPlace.count > 1
        let places = (first + second).map { Self.place($0, common) }
        let returns = places.indices.filter { row in
            guard let before = places.firstIndex(of: places[row]) else { return false }
            return places[before..<max(row, before)].contains { $0 != places[row] }
        }
        // Met at two or three places, and never again at one of them, it hardly ran meanwhile.
        if returns.isEmpty, (2...3).contains(byPlace.count) { return nil }
        // In its own function at a place, elsewhere, and there again: no function that goes on to its end comes back.
        let turns = returns.contains { places[$0] >= 0 }
        if turns { loop.whole = whole(first[0].frames[common - 1], at: common - 1).map { String($0, radix: 16) } }
        return loop
    }

    /// What all that the loop can come to was at most of some further looks; nil where not all of it is seen.
    private func whole(_ frame: PythonFrame, at row: Int) -> UInt64? {
        var counts: [UInt64: Int] = [:]
        for _ in 0..<Self.looks {
            guard let look = look(), look.frames.count > row, Self.same(look.frames[row], frame), let digest = DeepDigest.digest(of: look.frames[row], look.objects) else { return nil }
            counts[digest, default: 0] += 1
        }
        return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }.flatMap { $0.value * 2 > Self.looks ? $0.key : nil }
    }

    private func look() -> Look? {
        usleep(Self.pause_us)
        let objects = PythonObjects(memory: BlockCache(memory, limit_bytes: Self.limit_bytes), layout: runtime.layout)
        let states = ThreadStates(objects: objects, runtime: runtime)
        guard let current = states.currentFrame(of: state), current != 0 else { return nil }
        let (frames, trouble) = FrameReader(objects).frames(from: current)
        return trouble == nil && !frames.isEmpty ? Look(objects: objects, frames: frames.reversed()) : nil
    }

    /// Where the frame stands that goes round, or -1 while it calls another.
    private static func place(_ look: Look, _ common: Int) -> Int { look.frames.count == common ? look.frames[common - 1].offset : -1 }

    private static func same(_ one: PythonFrame, _ other: PythonFrame) -> Bool { one.address == other.address && one.code.address == other.code.address }

    /// How many frames, from the outermost, are in all looks the same; those that call on must stand at the same place.
    private func commonFrames(_ stacks: [[PythonFrame]]) -> Int {
        var count = 0
        while stacks.allSatisfy({ $0.count > count && Self.same($0[count], stacks[0][count]) }) {
            count += 1
            if Set(stacks.map { $0[count - 1].offset }).count > 1 { break }
        }
        return count
    }

    /// Values that come from outside the process: the loop may end by them although nothing in it changes.
    private static let outside: Set<String> = [
        "time", "monotonic", "perf_counter", "process_time", "time_ns", "monotonic_ns", "perf_counter_ns", "now", "utcnow", "today", "random",
        "randint", "randrange", "choice", "getrandbits", "urandom", "token_bytes", "shuffle", "sample", "is_alive", "poll", "getpid", "exists", "stat", "isfile", "isdir", "listdir", "scandir", "glob", "access", "memoryview", "mmap",
    ]

    private func readsClock(_ look: Look, from first: Int) -> Bool {
        look.frames.dropFirst(first).contains { frame in
            // PyCodeObject: co_names 32.
            let names = look.objects.word(frame.code.address &+ 32).map(look.objects.tuple) ?? []
            return names.contains { look.objects.string($0).map(Self.outside.contains) ?? false }
        }
    }

    /// The text that a regular expression is being matched against, where the innermost call is that:
    /// the method, the pattern and the text lie on the value stack one after the other.
    private func expression(_ frame: PythonFrame, _ objects: PythonObjects) -> String? {
        let stack = Array(frame.slots.dropFirst(frame.code.localNames.count))
        for index in stack.indices.dropLast() {
            guard let type = objects.type(of: stack[index])?.fullName else { continue }
            let text: UInt64
            switch type {
            case "method_descriptor" where index + 2 < stack.count && isPattern(stack[index + 1], objects): text = stack[index + 2]
            case "builtin_function_or_method" where objects.word(stack[index] &+ 24).map({ isPattern($0, objects) }) == true: text = stack[index + 1]
            default: continue
            }
            guard objects.type(of: text)?.isString == true, let length = objects.count(text), length <= Self.shortText else { continue }
            return "matches a regular expression against a text of \(length) characters"
        }
        return nil
    }

    private func isPattern(_ object: UInt64, _ objects: PythonObjects) -> Bool { objects.type(of: object)?.fullName == "re.Pattern" }
}
