internal import Evidence
internal import Glibc

/// Quick looks at threads that run, to tell one that goes round in a circle from one that computes: whether registers, stack and
/// all that the process may write to are once more what they were.
struct RunningLooks {
    /// More running threads than this are not looked at again.
    private static let threads = 8
    /// Looks before and after the pause: a round of some hundred instructions is then met at the same one twice.
    private static let count = 28
    private static let first = 4
    /// On a loaded machine, where it takes a while until a thread stands.
    private static let enough = 6
    /// Enough of the stack for the frames of a tight loop and their locals.
    private static let stack_bytes = 4 << 10
    /// Whoever changes more pages than this is at work.
    private static let hotLimit = 24
    /// Another thread may have changed something meanwhile.
    private static let attempts = 3
    /// A loop runs thousands of rounds in this.
    private static let run_s = 0.001
    /// And one that gives its processor away each time, a round in each of these.
    private static let slices: UInt64 = 3
    private static let limit = Duration.seconds(1)
    /// On a loaded machine it takes a while until the thread has run for that long, or stands.
    private static let runPatience = Duration.milliseconds(400)
    private static let patience = Duration.milliseconds(100)
    private static let nap_us: UInt32 = 2000

    var tracer: Tracer
    var maps: [MemoryMapping]

    /// One thread at one moment.
    private struct Look {
        var tid: Int32
        /// Registers and stack.
        var state: UInt64
        /// And what the changing pages held.
        var whole: UInt64
        /// Those alone, without the thread's own stack.
        var memory: UInt64
    }

    /// Fills in `looks` and `comesBack`; returns how long threads were stopped for it, in milliseconds.
    func look(_ records: inout [ThreadRecord]) -> Double {
        let rows = Array(records.indices.filter { records[$0].state == "R" }.prefix(Self.threads))
        guard !rows.isEmpty else { return 0 }
        var session = Session(tids: rows.map { records[$0].tid })
        look(Self.first, nil, &session)
        // One that waits by now goes round in no circle.
        session.tids.removeAll { tid in !session.looks.contains { $0.tid == tid } }
        if !session.tids.isEmpty, var watch = MemoryWatch(LiveMemory(pid: tracer.pid), maps: maps, near: session.copies) {
            var left = Self.attempts
            let end = ContinuousClock.now + Self.limit
            while left > 0, ContinuousClock.now < end, attempt(&watch, &session) { left -= 1 }
        }
        for row in rows where session.tids.contains(records[row].tid) {
            let tid = records[row].tid
            records[row].looks = Set(session.looks.lazy.filter { $0.tid == tid }.map(\.state)).sorted()
            records[row].emptyReadsOf = emptyReads(session.copies.filter { $0.tid == tid })
            if session.seen.contains(tid) {
                records[row].comesBack = session.back.contains(tid)
                records[row].memoryComesBack = session.memoryBack.contains(tid)
            }
        }
        return session.stopped_ms
    }

    /// A thread that is stopped on its way out of a system call has the result in its first register, and in the others what it was called with (syscall(2)).
    private func emptyReads(_ copies: [ThreadCopy]) -> Int32? {
        #if arch(x86_64)
        let memory = LiveMemory(pid: tracer.pid)
        var isCall: [UInt64: Bool] = [:]
        let after = copies.filter { copy in
            let place = copy.programCounter
            if isCall[place] == nil { isCall[place] = (try? memory.array(of: UInt8.self, at: place &- 2, count: 2)) == Self.syscall }
            return isCall[place] == true
        }
        let descriptors = Set(after.map { $0.registers[Self.firstArgument] })
        guard after.count >= Self.enough, descriptors.count == 1, let only = descriptors.first, only < 1 << 20, after.allSatisfy({ $0.registers[0] == 0 }) else { return nil }
        return Int32(only)
        #else
        return nil
        #endif
    }
    private static let syscall: [UInt8] = [0x0f, 0x05]
    /// rdi, in DWARF's order.
    private static let firstArgument = 5

    private struct Session {
        var tids: [Int32]
        var looks: [Look] = []
        /// Pages that change.
        var hot: Set<UInt64> = []
        /// Threads that came back to where they were.
        var back: Set<Int32> = []
        var memoryBack: Set<Int32> = []
        /// Threads that ran on for long enough to tell.
        var seen: Set<Int32> = []
        var copies: [ThreadCopy] = []
        var stopped_ms = 0.0
    }

    /// False when another would tell no more.
    private func attempt(_ watch: inout MemoryWatch, _ session: inout Session) -> Bool {
        watch.restart()
        guard !ranOn(session.tids).isEmpty else { return false }
        session.hot.formUnion(watch.changed())
        if session.hot.count <= Self.hotLimit { session.hot.formUnion(watch.changed()) }
        let isWorking = session.hot.count > Self.hotLimit
        let start = session.looks.count
        if !isWorking { look(Self.count, watch, &session) }
        let middle = session.looks.count
        let ran = ranOn(session.tids)
        session.seen.formUnion(ran)
        guard !isWorking, !ran.isEmpty else { return false }
        look(Self.count, watch, &session)
        let changed = watch.changed()
        guard session.hot.isSuperset(of: changed) else {
            session.hot.formUnion(changed)
            return true
        }
        let before = Set(session.looks[start..<middle].map(\.whole))
        session.back.formUnion(session.looks[middle...].lazy.filter { ran.contains($0.tid) && before.contains($0.whole) }.map(\.tid))
        let held = Set(session.looks[start..<middle].map(\.memory))
        session.memoryBack.formUnion(session.looks[middle...].lazy.filter { ran.contains($0.tid) && held.contains($0.memory) }.map(\.tid))
        return session.back.count < session.tids.count
    }

    /// Waits until the threads have run on; those that did.
    private func ranOn(_ tids: [Int32]) -> Set<Int32> {
        func use(_ tid: Int32) -> (time_s: Double, slices: UInt64) {
            let proc = ProcDirectory(pid: tracer.pid, tid: tid)
            return ((try? proc.processorTime_s()) ?? 0, (try? proc.timeslices()) ?? 0)
        }
        let before = tids.map(use)
        let end = ContinuousClock.now + Self.runPatience
        var ran: Set<Int32> = []
        repeat {
            usleep(Self.nap_us)
            ran = Set(zip(tids, before).filter { tid, old in
                let now = use(tid)
                return now.time_s - old.time_s >= Self.run_s || now.slices >= old.slices + Self.slices
            }.map(\.0))
        } while ran.count < tids.count && ContinuousClock.now < end
        return ran
    }

    private func look(_ count: Int, _ watch: MemoryWatch?, _ session: inout Session) {
        var quick = tracer
        quick.stackLimit_bytes = Self.stack_bytes
        let pages = session.hot.sorted()
        let end = ContinuousClock.now + Self.patience
        for number in 0..<count where number < Self.enough || ContinuousClock.now < end {
            for tid in session.tids {
                var digests: [UInt64] = []
                let outcome = quick.whileStanding([.init(tid: tid, state: "R")]) {
                    digests = watch?.digests(of: pages) ?? []
                }
                guard let copy = outcome.copies.first, copy.known == ThreadCopy.allRegisters, copy.pause.method == .stopped else { continue }
                session.stopped_ms += copy.pause.duration_ms
                session.copies.append(copy)
                let state = Self.digest(copy)
                let own = stack(of: copy)
                let heap = zip(pages, digests).filter { !own.contains($0.0) }.map(\.1)
                session.looks.append(Look(tid: tid, state: state, whole: Self.digest(of: digests, state), memory: Self.digest(of: heap, UInt64(bitPattern: Int64(tid)))))
            }
        }
    }

    private static func digest(of words: [UInt64], _ seed: UInt64) -> UInt64 {
        words.reduce(seed) { ($0 ^ $1) &* 0x100_0000_01b3 ^ $0 >> 29 }
    }

    /// Where a thread's stack lies at most: other memory may follow it, behind the block that the thread pointer points to.
    private func stack(of copy: ThreadCopy) -> Range<UInt64> {
        guard let map = maps.containing(copy.stackPointer) else { return 0..<0 }
        if map.path.hasPrefix("[stack") { return map.start..<map.end }
        let start = max(map.start, copy.stackPointer &- min(copy.stackPointer, Self.below_bytes))
        guard let end = copy.threadPointer, end > copy.stackPointer, end < map.end else { return start..<map.end }
        return start..<end
    }
    /// Left over from earlier calls.
    private static let below_bytes: UInt64 = 256 << 10

    /// FNV-1a, 64 bits, over all registers and the copied stack.
    private static func digest(_ copy: ThreadCopy) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for register in copy.registers { hash = (hash ^ register) &* 0x100_0000_01b3 }
        for byte in copy.stack.prefix(stack_bytes) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
