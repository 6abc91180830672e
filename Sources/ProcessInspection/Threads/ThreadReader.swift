internal import Dispatch
package import Evidence

/// All threads of one process: what /proc says, then stacks, names and waits.
package struct ThreadReader {
    package struct Result {
        package var threads: Observed<[ThreadRecord]> = .unavailable(reason: "not captured")
        package var copies: [ThreadCopy] = []
        package var stopped_ms = 0.0
    }

    package var target: CaptureTarget
    package var modules: ModuleTable
    package var symbolizer: any Symbolizer
    package var mode: StopMode
    package var clocks: ClockReading
    package var limits: CaptureLimits
    package var halt = HaltPoint.never
    /// Whether threads that run are looked at again and again: `RunningLooks`.
    package var looksForLoops = false
    /// Whether registers and thread-local storage, which only a stop shows, tell more than the stacks.
    package var needsRegisters = false

    package init(
        target: CaptureTarget, modules: ModuleTable, symbolizer: any Symbolizer, mode: StopMode, clocks: ClockReading,
        limits: CaptureLimits
    ) {
        self.target = target
        self.modules = modules
        self.symbolizer = symbolizer
        self.mode = mode
        self.clocks = clocks
        self.limits = limits
    }

    /// What was seen while the threads were looked at, before names and waits are worked out.
    package struct Observation {
        package var records: [ThreadRecord] = []
        package var outcome: [ThreadCopy] = []
        package var stopped_ms = 0.0
        /// Why there is nothing, or not everything.
        package var failure: String?
        var walks: [Int32: StackUnwinder.Walk] = [:]
        var walksUnderWay: StackWalks?
    }

    /// Looks at the threads: /proc first, since a stop wakes a thread out of its wait, then the stacks.
    /// - Parameter aside: for what can be done at the same time.
    func observe(_ aside: Aside) -> Observation {
        var observation = Observation()
        let tids: [Int32]
        do throws(ProcFSError) { tids = try target.proc.threads() } catch {
            observation.failure = "\(error)"
            return observation
        }
        let taken = Array(tids.prefix(limits.threads))
        // Few are left to be stopped then, and nobody needs a processor for that.
        if readsSleepers { aside.hurry() }
        if target.foreign == nil { anticipate(whereSleep: taken, aside) }
        let looks = look(at: taken)
        observation.records = looks.map(\.record)
        if tids.count > taken.count { observation.failure = "\(tids.count) threads, of which \(taken.count) were read" }
        if let foreign = target.foreign {
            observation.outcome = observation.records.map { record in
                var copy = ThreadCopy(tid: record.tid)
                copy.note = foreign
                return copy
            }
            return observation
        }
        for look in looks { if let asleep = look.asleep { observation.walks[look.record.tid] = asleep.walk } }
        let walks = StackWalks(walker(), aside: aside)
        let outcome = tracer.copy(
            looks.filter { $0.asleep == nil }.map { .init(tid: $0.record.tid, state: $0.record.state, waitChannel: $0.record.waitChannel) }, mode: mode,
            some: walks.add)
        observation.walksUnderWay = walks
        observation.stopped_ms = outcome.stopped_ms
        observation.outcome = looks.compactMap(\.asleep?.copy) + outcome.copies
        // Threads stand for longer then: whoever of ours stands aside may have a lock that we need meanwhile.
        if looksForLoops, mode != .never {
            aside.hurry()
            observation.stopped_ms += RunningLooks(tracer: tracer, maps: modules.maps).look(&observation.records)
        }
        return observation
    }

    var tracer: Tracer {
        var tracer = Tracer(pid: target.pid, stackLimit_bytes: limits.stack_bytes, patience: .init(longest_ms: limits.stopPatience_ms), halt: halt)
        tracer.mappingEnds = modules.maps.map(\.end)
        return tracer
    }

    /// Names and decodes; may take its time, for the threads go on.
    package func explain(_ observation: Observation) -> Result {
        var records = observation.records
        var result = Result(copies: observation.outcome, stopped_ms: observation.stopped_ms)
        if records.isEmpty, let failure = observation.failure {
            result.threads = .unavailable(reason: failure)
            return result
        }
        finish(&records, observation.outcome, observation.walks.merging(observation.walksUnderWay?.all() ?? [:]) { first, _ in first })
        // A thread that ended while we looked has no stack any more, and is missed by nobody.
        let without = records.filter {
            $0.stack.status == .unavailable && $0.state != "Z" && $0.state != "X" && $0.stack.reason != Tracer.ended
        }
        if let failure = observation.failure {
            result.threads = .partial(records, reason: failure)
        } else if let first = without.first {
            result.threads = .partial(
                records, reason: "\(without.count) of \(records.count) threads without a stack, such as \(first.tid): \(first.stack.reason ?? "")")
        } else {
            result.threads = .complete(records)
        }
        return result
    }

    /// Begins to read the debugging information that naming the stacks will need, on another thread: unpacking a library's takes longer
    /// than all else.
    func anticipate(_ observation: Observation, _ aside: Aside) {
        anticipate(observation.outcome.lazy.filter { $0.known != 0 }.map(\.programCounter), aside)
    }

    private func anticipate(_ programCounters: some Sequence<UInt64>, _ aside: Aside) {
        var seen: Set<String> = []
        for programCounter in programCounters {
            guard let module = modules.module(at: programCounter), seen.insert(module.path).inserted, seen.count <= 4 else { continue }
            let address = programCounter &- module.bias
            DispatchQueue.global().async { aside.run { _ = module.image.sourceFrames(at: address) } }
        }
    }

    /// Where most threads stand, before they are looked at.
    private func anticipate(whereSleep tids: [Int32], _ aside: Aside) {
        for tid in [tids.last, tids.first].compactMap(\.self) {
            if case .inCall(_, _, _, let programCounter)? = try? target.proc.thread(tid).syscall() { return anticipate([programCounter], aside) }
        }
    }

    // MARK: Before touching

    private struct Look: Sendable {
        var record: ThreadRecord
        var asleep: SleepingStacks.Look?
    }

    private var readsSleepers: Bool { mode == .perThread && !needsRegisters && target.foreign == nil && halt == .never }

    private func look(at tids: [Int32]) -> [Look] {
        guard readsSleepers else {
            return tids.mapByTwo(before).compactMap { $0.map { Look(record: $0) } }
        }
        return tids.mapByTwo(with: { SleepingStacks(tracer: tracer, walker: walker()) }) { stacks, tid in
            before(tid).map { Look(record: $0, asleep: stacks.look(at: $0)) }
        }.compactMap(\.self)
    }

    private func walker() -> StackWalker { StackWalker(target: target, modules: modules, limit: limits.frames) }

    private func before(_ tid: Int32) -> ThreadRecord? {
        let proc = target.proc.thread(tid)
        guard let stat = try? proc.stat() else { return nil }
        var record = ThreadRecord(pid: target.pid, tid: tid, name: stat.name, state: stat.state)
        record.waitChannel = (try? proc.waitChannel()) ?? nil
        let status = try? proc.status()
        record.voluntarySwitches = status?.voluntarySwitches
        record.involuntarySwitches = status?.involuntarySwitches
        record.cpu = CPUTime(user_s: stat.user_s, system_s: stat.system_s)
        if stat.state == "R", let (read, written) = try? proc.transferred() { record.transferred_bytes = read &+ written }
        if stat.state == "D" { record.kernelStack = try? proc.kernelStack() }
        record.wait = sleep(proc, record.waitChannel)
        return record
    }

    /// How long a thread asked to sleep, which a stop turns into what is left of it (kernel/time/hrtimer.c, `nanosleep_copyout`).
    private func sleep(_ proc: ProcDirectory, _ waitChannel: String?) -> ThreadWait? {
        guard waitChannel == "hrtimer_nanosleep", case .inCall(let number, let arguments, _, _)? = try? proc.syscall() else { return nil }
        return WaitDecoder.sleep(number, arguments, target.memory)
    }

    // MARK: After

    private func finish(_ records: inout [ThreadRecord], _ copies: [ThreadCopy], _ walks: [Int32: StackUnwinder.Walk]) {
        let byTID = Dictionary(copies.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        let ids = NamespaceIDs(target.proc)
        var named: [StackUnwinder.Places: [Frame]] = [:]
        for index in records.indices {
            let copy = byTID[records[index].tid]
            records[index].pause = copy?.pause ?? records[index].pause
            records[index].stack = stack(walks[records[index].tid], copy, &named)
            update(&records[index], copy)
        }
        for (index, wait) in records.mapByTwo({ wait($0, ids) }).enumerated() {
            let asked_s = records[index].wait?.timeout_s
            records[index].wait = wait
            if wait?.kind == .sleep, wait?.remaining_s == nil, let asked_s, let left_s = wait?.timeout_s, left_s < asked_s { records[index].wait?.timeout_s = asked_s }
        }
        countWaiters(&records)
        SharedFutexSearch.search(&records, target.proc, pid: target.pid)
        GuardSearch.search(&records, copies, frames: walks.mapValues(\.stackPointers))
    }

    /// - Parameter named: equal stacks share their frames, and are named once.
    private func stack(_ walk: StackUnwinder.Walk?, _ copy: ThreadCopy?, _ named: inout [StackUnwinder.Places: [Frame]]) -> Observed<[Frame]> {
        guard let walk, !walk.addresses.isEmpty else { return .unavailable(reason: copy?.note ?? walk?.incomplete ?? "not captured") }
        let places = walk.places
        let frames = named[places] ?? frames(at: places)
        named[places] = frames
        return walk.incomplete.map { .partial(frames, reason: $0) } ?? .complete(frames)
    }

    private func frames(at places: StackUnwinder.Places) -> [Frame] {
        var frames: [Frame] = []
        frames.reserveCapacity(places.addresses.count + 4)
        for (index, named) in symbolizer.frames(for: places.addresses).enumerated() {
            frames.append(contentsOf: named)
            // A static function of a stripped library: what was called to get there is exported, as sem_wait is.
            if let last = frames.indices.last, frames[last].function == nil, let target = places.entered[index],
                let module = modules.module(at: target), module.path == frames[last].module,
                let function = module.image.function(at: target &- module.bias), function.start == target &- module.bias
            {
                frames[last].function = SymbolName.withoutVersion(function.symbol)
            }
        }
        return frames
    }

    /// The system call as it was just before the stack was copied goes with that stack.
    private func update(_ record: inout ThreadRecord, _ copy: ThreadCopy?) {
        if case .inCall(let number, let arguments, let sp, let pc)? = copy?.syscall {
            record.syscall = SyscallRecord(number: number, name: "", arguments: arguments, stackPointer: sp, programCounter: pc)
        }
        guard var call = record.syscall else { return }
        call.number = WaitDecoder.original(
            number: call.number, programCounter: call.programCounter, waitChannel: record.waitChannel, memory: target.memory)
        call.name = SyscallNames.name(call.number)
        record.syscall = call
    }

    private func wait(_ record: ThreadRecord, _ ids: NamespaceIDs) -> ThreadWait? {
        if target.foreign != nil, ["S", "D"].contains(record.state) {
            return ThreadWait(kind: record.state == "D" ? .disk : .other, detail: record.waitChannel.map { "in \($0)" })
        }
        let frames = record.stack.elements.prefix(16)
        return WaitDecoder.wait(
            WaitContext(
                pid: target.pid, tid: record.tid, state: record.state,
                call: record.syscall.map { ($0.number, $0.arguments) }, waitChannel: record.waitChannel,
                memory: target.memory, symbols: frames.flatMap { [$0.symbol, $0.function].compactMap { $0 } }, clocks: clocks,
                proc: target.proc, ids: ids))
    }

    private func countWaiters(_ records: inout [ThreadRecord]) {
        var counts: [UInt64: Int] = [:]
        for record in records { if let futex = record.wait?.futex { counts[futex.objectAddress, default: 0] += 1 } }
        for index in records.indices {
            guard let address = records[index].wait?.futex?.objectAddress else { continue }
            records[index].wait?.futex?.waiters = counts[address]
        }
    }
}
