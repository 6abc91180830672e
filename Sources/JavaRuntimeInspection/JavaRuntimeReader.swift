package import Evidence
package import ProcessInspection

/// Reads the threads of a HotSpot virtual machine from outside: names, Java stacks, and what each waits for.
///
/// No code runs in the process and nothing is stopped. Structures are found by HotSpot's own
/// description of itself (`HotSpotTables`), so that no version needs a table of ours. Never throws:
/// what could not be seen is told.
package struct JavaRuntimeReader {
    private let memory: TargetMemory
    private let symbol: (String) -> UInt64?
    private let records: [Int32: ThreadRecord]
    private let registers: [Int32: JavaStackWalker.Registers]
    private let deadline: ContinuousClock.Instant

    package init(
        memory: any MemoryReader, threads: [ThreadRecord], copies: [ThreadCopy], deadline: ContinuousClock.Instant, symbol: @escaping (String) -> UInt64?
    ) {
        let memory = TargetMemory(memory)
        self.memory = memory
        var registers: [Int32: JavaStackWalker.Registers] = [:]
        let running = Set(threads.filter { $0.state == "R" }.map(\.tid))
        for copy in copies where running.contains(copy.tid) && copy.known == ThreadCopy.allRegisters {
            memory.overlay(copy.stack, at: copy.stackStart)
            // DWARF number 6 is the frame pointer.
            registers[copy.tid] = .init(sp: copy.stackPointer, fp: copy.registers[6], pc: copy.programCounter)
        }
        self.registers = registers
        self.symbol = symbol
        self.deadline = deadline
        records = Dictionary(threads.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private struct Sections {
        var threads: [JavaThread]
        var walker: JavaStackWalker?
        var heap: JavaHeap?
        var monitors: JavaMonitors?
        var classes: LoadedClasses?
        var calls: JavaCalls?
        var reasons: [String] = []
    }

    package func read() -> InspectedRuntime {
        do throws(HotSpotAbsence) {
            let tables = try HotSpotTables(memory: memory, symbol: symbol)
            return describe(try sections(tables))
        } catch {
            return InspectedRuntime(unobserved: [Unobserved(what: "Java threads", why: "\(error.reason). \(Self.remedy)")])
        }
    }

    static let remedy = "`jstack PID` shows them; it runs code inside the process"

    /// Each part that this version does not describe costs itself only.
    private func sections(_ tables: HotSpotTables) throws(HotSpotAbsence) -> Sections {
        var sections = Sections(threads: try JavaThreads(tables, memory).all())
        do throws(HotSpotAbsence) {
            let heap = try JavaHeap(tables, memory, try HotSpotFlags(tables, memory))
            sections.heap = heap
            sections.classes = try? LoadedClasses(tables, heap)
        } catch { sections.reasons.append(error.reason) }
        do throws(HotSpotAbsence) { sections.monitors = try JavaMonitors(tables, memory, sections.heap) } catch { sections.reasons.append(error.reason) }
        do throws(HotSpotAbsence) {
            let classes = if let known = sections.heap?.classes { known } else { try JavaClasses(tables, memory) }
            let code = try CodeCache(tables, memory)
            let methods = try JavaMethods(tables, memory, classes)
            sections.walker = try JavaStackWalker(tables, memory, code: code, methods: methods)
            if let heap = sections.heap, let loaded = sections.classes { sections.calls = try? JavaCalls(tables, memory, heap, loaded, methods) }
        } catch { sections.reasons.append(error.reason) }
        return sections
    }

    private func describe(_ sections: Sections) -> InspectedRuntime {
        var runtime = InspectedRuntime()
        var subjects: [JavaWaitReader.Subject] = []
        for thread in sections.threads {
            guard ContinuousClock.now < deadline else {
                runtime.unobserved.append(Unobserved(what: "some Java threads", why: "the time for looking was up"))
                break
            }
            guard records[thread.tid] != nil else { continue }
            let stack = sections.walker?.walk(anchor: thread.anchor, stack: thread.stack, registers: registers[thread.tid])
            var entry = InspectedRuntime.Thread(stack: stack.map { $0.map { $0.map(\.evidence) } })
            // One that sleeps inside the machine without a frame of Java is the machine's own, or has run its program to the end.
            let isBare = if case .complete(let frames)? = stack { frames.isEmpty && thread.isBlockedInside && sleeps(thread.tid) } else { false }
            if let heap = sections.heap, let object = heap.threadObject(at: thread.objectHandle) {
                let facts = JavaThreadFacts(object, heap)
                entry.name = facts.name
                subjects.append(.init(thread: thread, facts: facts, frames: stack?.elements ?? [], isBare: isBare, timeout_s: timeout(thread.tid)))
            } else if let monitor = thread.pendingMonitor {
                entry.wait = sections.monitors?.enter(monitor, among: sections.threads)
            } else if isBare {
                entry.wait = Self.housekeeping
            }
            runtime.threads[thread.tid] = entry
        }
        if let heap = sections.heap, let monitors = sections.monitors {
            addWaits(subjects, heap, monitors, sections, &runtime)
        }
        addMachineThreads(&runtime)
        var reasons = sections.reasons
        if memory.isExhausted { reasons.append("the bound on memory reads was reached") }
        runtime.unobserved += reasons.map { Unobserved(what: "part of the Java threads", why: "\($0). \(Self.remedy)") }
        return runtime
    }

    private func addWaits(
        _ subjects: [JavaWaitReader.Subject], _ heap: JavaHeap, _ monitors: JavaMonitors, _ sections: Sections, _ runtime: inout InspectedRuntime
    ) {
        var pools = JavaPools(subjects.map { ($0.thread.tid, $0.facts) }, heap)
        pools.note(subjects)
        let reapers = records.values.compactMap { record in record.wait?.kind == .child ? record.wait?.pid.map { ($0, record.tid) } : nil }
        let reader = JavaWaitReader(
            heap: heap, monitors: monitors, threads: sections.threads, pools: pools,
            byObject: Dictionary(subjects.map { ($0.facts.object, $0.thread.tid) }, uniquingKeysWith: { first, _ in first }),
            computing: JavaComputing.futures(subjects, heap), reapers: Dictionary(reapers, uniquingKeysWith: { first, _ in first }),
            initialization: sections.classes.map { JavaClassInitialization($0, heap, sections.threads) })
        var waits: [Int32: ManagedWait] = [:]
        for subject in subjects {
            let wait = reader.wait(subject)
            // Locks can hold up the platform's helpers too, and one of them waits for child processes; else they rest.
            let isOwn = subject.facts.isHousekeeping && records[subject.thread.tid]?.wait?.kind != .child
            let rests = isOwn || subject.isBare && wait == nil
            waits[subject.thread.tid] = wait?.kind != .lock && rests ? Self.housekeeping : wait
        }
        let survey = sections.calls.map { JavaCodeSurvey(calls: $0, heap: heap, pools: pools, subjects: subjects, deadline: min(deadline, .now + Self.longestSurvey)) }
        pools.markStarved(&waits) { survey?.mayEnd($0, queuedIn: $1) ?? true }
        addHooks(sections.classes, &waits)
        for (tid, wait) in waits { runtime.threads[tid]?.wait = wait }
        guard let calls = sections.calls, let survey else { return }
        // What is polled for, a hook may change when the program is asked to end.
        if sections.classes.map({ $0.shutdownHooks() + $0.signalHandlers() }) == [] {
            let polling = JavaPolling(calls: calls, survey: survey, deadline: min(deadline, .now + Self.longestSurvey)).waits(subjects, waits)
            for (tid, wait) in polling { runtime.threads[tid]?.wait = wait }
        }
        let loan = JavaLoan(calls: calls)
        for subject in subjects where waits[subject.thread.tid].map({ $0.kind == .queueTake && $0.rest == nil }) == true && ContinuousClock.now < survey.deadline {
            if loan.isShown(by: subject.frames) { runtime.threads[subject.thread.tid]?.wait?.isLoan = true }
        }
        for (tid, code) in survey.found(waits) {
            runtime.threads[tid]?.codeAhead = code
            if code.lack == .ofSharers { runtime.threads[tid]?.wait?.rest = "keeps the program alive: nobody else has what it waits for" }
        }
        JavaEnders(survey: survey).complete(waits, &runtime.threads)
        let exchanges = JavaExchange(calls)
        for subject in subjects where records[subject.thread.tid]?.wait?.kind == .descriptors && ContinuousClock.now < survey.deadline {
            guard let exchange = exchanges.exchange(subject.frames) else { continue }
            var code = runtime.threads[subject.thread.tid]?.codeAhead ?? CodeAhead()
            code.exchange = exchange
            runtime.threads[subject.thread.tid]?.codeAhead = code
        }
    }

    /// What waits to be told something may be told when the program is asked to end.
    private func addHooks(_ classes: LoadedClasses?, _ waits: inout [Int32: ManagedWait]) {
        let told = waits.filter { [.condition, .event, .semaphore, .queueTake, .future].contains($0.value.kind) && $0.value.rest == nil && $0.value.timeout_s == nil }
        guard !told.isEmpty, let classes, case let hooks = classes.shutdownHooks() + classes.signalHandlers(), !hooks.isEmpty else { return }
        for tid in told.keys { waits[tid]?.releasers = .complete(hooks) }
    }

    /// Longest look at what code calls.
    private static let longestSurvey = Duration.milliseconds(1500)

    private func timeout(_ tid: Int32) -> Double? { records[tid]?.wait?.timeout_s }
    private func sleeps(_ tid: Int32) -> Bool { records[tid]?.state == "S" }

    private static let housekeeping: ManagedWait = {
        var wait = ManagedWait(kind: .housekeeping, object: 0, typeName: "HotSpot", knownFrom: "the virtual machine's list of threads")
        wait.rest = "belongs to the Java virtual machine"
        return wait
    }()

    /// Threads that run no Java: collectors, the machine's own, and the launcher's first.
    private func addMachineThreads(_ runtime: inout InspectedRuntime) {
        for (tid, record) in records where runtime.threads[tid] == nil {
            let modules = record.stack.elements.compactMap { $0.module?.split(separator: "/").last }
            let outermost = modules.last { !$0.hasPrefix("libc.so") && !$0.hasPrefix("libpthread") && !$0.hasPrefix("ld-linux") }
            let isLauncher = record.isMain && modules.contains { $0.hasPrefix("libjli.so") }
            if outermost?.hasPrefix("libjvm.so") == true || isLauncher {
                runtime.threads[tid] = InspectedRuntime.Thread(wait: Self.housekeeping)
            }
        }
    }
}
