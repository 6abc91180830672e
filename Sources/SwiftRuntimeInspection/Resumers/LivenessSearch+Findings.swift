internal import Evidence
internal import ProcessInspection

extension LivenessSearch {
    func findings(for waiters: [Int], timers: inout [Set<UInt64>], leads: inout [UInt64: FutureLead]) -> [Int: ResumerReader.Finding] {
        let unseen = reader.threads.unseenStacks
        let reason = unseen > 0 ? "stacks of \(unseen) threads were not seen" : nil
        let deadlines = deadlines()
        timers = TimerHandlers(search: self).held(by: deadlines.others)
        let (loops, channels) = channels()
        leads = self.leads((loops, channels))
        let sleepers = waiters.count { reader.libraryWait($0) == .sleep }
        var result: [Int: ResumerReader.Finding] = [:]
        for waiter in waiters {
            let created = canaryOf[waiter].flatMap { SwiftString.read(at: $0 &+ 24, memory: reader.memory) }
            var named: Set<String> = []
            for place in holders[waiter] ?? [] where named.count < ResumerReader.maximumNamed {
                named.insert(words(for: place))
            }
            if named.isEmpty, canGoOn[waiter] { named.insert("whoever may cancel it") }
            let list = named.sorted()
            var finding = ResumerReader.Finding(
                resumers: reason.map { list.isEmpty ? .partial(list, reason: $0) : .complete(list) } ?? .complete(list), createdBy: created)
            finding.remaining_s = remaining(waiter, deadlines)
            (finding.eventLoopTID, finding.isEventLoopShutDown) = loops.loop(waitedForBy: owned[waiter], own: wordsOfOwnFrame(waiter), isUnreachable: list.isEmpty)
            finding.descriptor = channels.descriptor(ofTask: waiter)
            finding.awaitsClose = channels.closing.contains(waiter) ? true : nil
            finding.answerMissing_bytes = finding.descriptor.flatMap { channels.missing[$0] }
            finding.answersTo = finding.descriptor.flatMap { channels.methods[$0] }
            finding.watcherTID = finding.descriptor.flatMap { channels.watchers[$0] }
            finding.isInputDecoded = finding.descriptor.flatMap { channels.decoded[$0] }
            if sleepers <= HeldCode.maximumTasks, reader.libraryWait(waiter) == .sleep { finding.held = HeldCode(search: self).found(from: owned[waiter]) }
            if list.isEmpty { finding.onlyThrough = Set((deadHolders[waiter] ?? []).map(words)).sorted() }
            result[waiter] = finding
        }
        return result
    }

    func channels() -> (EventLoops, NIOChannels) {
        let loops = EventLoops(memory: reader.live, mappings: reader.mappings, reachable: reachable, types: reader.types, threads: reader.threads)
        return (loops, NIOChannels(search: self, loops: loops))
    }

    /// What leads to the futures that threads wait for.
    func leads(_ found: (loops: EventLoops, channels: NIOChannels)) -> [UInt64: FutureLead] {
        guard !reader.futures.isEmpty else { return [:] }
        var channels = found.channels
        channels.follow(to: reader.futures, loops: found.loops)
        return channels.futures
    }

    func deadlines() -> SleepDeadlines {
        SleepDeadlines(memory: reader.live, reachable: reachable, heap: reader.timersHeap, code: reader.runtime.image.range) { reader.kin.indices[$0] != nil }
    }

    private static let maximumFrame_bytes: UInt64 = 1024

    /// What lies in the frame of the program's innermost function, of a task that waits at a continuation of its own.
    private func wordsOfOwnFrame(_ waiter: Int) -> [UInt64] {
        let backtrace = reader.backtrace(waiter)
        guard backtrace.libraryWait == nil, let place = backtrace.ownPlace, let frame = frame(of: waiter, goingOnAt: place) else { return [] }
        // Frames lie one above the other: {the one before, slab}, then the frame itself (StackAllocator.h).
        var next = reader.tasks[waiter].lastAllocation
        var end = frame &+ Self.maximumFrame_bytes
        for _ in 0..<256 where next != 0 {
            if next > frame { end = min(end, next) }
            guard let (before, _) = reader.live.pair(next), before & ~7 != next else { break }
            next = before & ~7
        }
        return (try? reader.live.bytes(at: frame, upTo: Int(end - frame)))?.words ?? []
    }

    /// The context of the function that goes on at an address: {parent +0, function that resumes the parent +8}.
    private func frame(of waiter: Int, goingOnAt place: UInt64) -> UInt64? {
        let task = reader.tasks[waiter]
        var context = task.resumeContext
        for _ in 0..<256 {
            guard context != 0, context & 7 == 0, let (parent, resume) = reader.live.pair(context), parent != context else { return nil }
            if resume == place { return parent == 0 ? nil : parent }
            if task.resumeFunction == place { return context }
            context = parent
        }
        return nil
    }

    /// When the timer fires whose job holds the continuation.
    private func remaining(_ waiter: Int, _ deadlines: SleepDeadlines) -> Double? {
        for place in holders[waiter] ?? [] {
            var here = place
            for _ in 0..<8 {
                if let owner = taskMemory.owner(of: here) {
                    if let seconds = deadlines.remaining(ofJob: reader.tasks[owner].address) { return seconds }
                    if let item = items[owner], let seconds = deadlines.remaining(ofJobAt: item) { return seconds }
                    break
                }
                guard let next = reachable.reachedFrom(here) else { break }
                here = next
            }
        }
        return nil
    }

    /// `CallRegistry, held by a global of server`: the nearest object of the program's own, and where the way to it begins.
    private func words(for place: UInt64) -> String {
        var types: [String] = []
        var here = place
        var root = ""
        for _ in 0..<64 {
            if let owner = taskMemory.owner(of: here) {
                root = "task \(reader.tasks[owner].id)"
                break
            }
            guard let allocation = reachable.allocation(at: here) else {
                root = self.root(here)
                break
            }
            if let name = typeName(at: allocation.lowerBound) { types.append(name) }
            guard let next = reachable.reachedFrom(here) else { break }
            here = next
        }
        let isInternal: (String) -> Bool = { $0.hasPrefix("_") || $0 == "CheckedContinuationCanary" || $0 == "a closure" }
        guard let main = types.first(where: { !isInternal($0) }) ?? types.first else { return root.isEmpty ? "memory that is no Swift object" : root }
        return root.isEmpty ? main : "\(main), held by \(root)"
    }

    private func root(_ place: UInt64) -> String {
        if place < 1 << 32 { return "a register of thread \(place)" }
        if case .named(let name) = places.place(of: place) { return name }
        return "memory that is no Swift object"
    }

    func typeName(at start: UInt64) -> String? {
        guard let metadata = reader.live.word(start), metadata & 7 == 0 else { return nil }
        if let name = reader.types.ofClass(metadata: metadata) { return name }
        // HeapLocalVariable 0x400, HeapGenericLocalVariable 0x500, ErrorObject 0x501: MetadataKind.def.
        return switch reader.live.word(metadata) {
        case 0x400, 0x500: "a closure"
        case 0x501: "an error"
        default: nil
        }
    }
}
