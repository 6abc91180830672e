internal import Evidence
package import ProcessInspection

extension TaskForestReader {
    /// The Swift tasks of a process that is being captured: for `CaptureOptions.taskForest`.
    package static let hook = TaskForestHook(isPresent: { mayHaveTasks($0, $1) }) { context in
        let forest = read(in: context, placesWorkers: false)
        var tasks = InspectedTasks(tasks: forest.isEmpty ? .complete([]) : forest.tasks, actors: forest.isEmpty ? .complete([]) : forest.actors)
        tasks.currentTasks = forest.currentTasks
        tasks.stopped_ms = forest.stopped_ms
        tasks.waits = waits(context, forest)
        let code = SwiftCodeSurvey(context, forest).found()
        tasks.inertTimers = code.inertTimers
        tasks.codeAhead = code.threads
        tasks.tasks = tasks.tasks.map { $0.map { task in
            var task = task
            task.codeAhead = code.tasks[task.id]
            return task
        } }
        tasks.dispatchTimers = timers(context)
        return tasks
    }

    private static func timers(_ context: TaskForestContext) -> Int? {
        DispatchTimers(memory: context.target.memory) { context.modules.address(ofSymbol: $0) }?.count
    }

    /// Most processes have neither Dispatch nor Swift's concurrency, which stands on it.
    private static func mayHaveTasks(_ target: CaptureTarget, _ modules: ModuleTable) -> Bool {
        if modules.modules.contains(where: { $0.path.contains("libdispatch") }) { return true }
        if modules.address(ofSymbol: "_dispatch_timers_heap") != nil { return true }
        do throws(ConcurrencyRuntime.Absence) {
            _ = try ConcurrencyRuntime.locate(
                memory: target.memory, mappings: modules.maps, staticSymbol: symbolOfExecutable(modules))
            return true
        } catch {
            return error != .noRuntime
        }
    }

    private static func symbolOfExecutable(_ modules: ModuleTable) -> @Sendable (String) -> UInt64? {
        let executable = modules.modules.first
        return { name in
            guard let executable, let linked = executable.image.address(ofSymbol: name) else { return nil }
            return linked &+ executable.bias
        }
    }

    /// By thread: its wait, where Dispatch's own memory says more about it than the kernel.
    private static func waits(_ context: TaskForestContext, _ forest: TaskForest) -> [Int32: ThreadWait] {
        let threads = context.threads.elements
        var waits = DispatchQueueWaits(memory: context.target.memory, readers: forest.queues?.readers ?? [:]).waits(of: threads)
        let objects = DispatchObjectWaits(memory: context.target.memory).waits(of: threads)
        let wakeful = Set(threads.filter(\.wakesByItself).map(\.tid))
        let mappings = (try? context.target.proc.maps()) ?? []
        let objectReach = ObjectReach(memory: context.target.memory, mappings: mappings)
        let reach = objectReach.threads(leadingTo: Set(objects.values.compactMap { $0.futex?.objectAddress }), from: context.copies.filter { wakeful.contains($0.tid) })
        let forgotten = forgotten(objects, context, forest, mappings)
        for (tid, var wait) in objects {
            guard var futex = wait.futex else { continue }
            futex.isForgotten = forgotten[tid].map { _ in true }
            futex.isLeftToExecutor = forgotten[tid] == true ? true : nil
            futex.reachedFrom = (reach[futex.objectAddress] ?? []).sorted()
            wait.futex = futex
            waits[tid] = wait
        }
        for (tid, enders) in DispatchEnders(copies: context.copies, reach: objectReach).threads(ending: objects, among: threads) {
            guard var wait = waits[tid] ?? threads.first(where: { $0.tid == tid })?.wait else { continue }
            wait.futex?.endedBy = enders.sorted()
            waits[tid] = wait
        }
        let loops = EventLoopWaits(memory: context.target.memory, mappings: mappings)
        let pointers = stackPointers(context)
        waits.merge(loops.waits(of: threads, stackPointers: pointers)) { $1 }
        for (tid, future) in forest.futures.isEmpty ? [:] : loops.futures(of: threads, stackPointers: pointers) { waits[tid]?.future = forest.futures[future] }
        for thread in threads where thread.wait?.kind == .futex {
            guard let blocked = forest.queues?.blocked[thread.tid], var wait = waits[thread.tid] ?? thread.wait else { continue }
            wait.blockedQueue = blocked
            waits[thread.tid] = wait
        }
        return waits
    }

    /// Where the stacks of threads end, of those in system calls as the kernel says.
    private static func stackPointers(_ context: TaskForestContext) -> [Int32: UInt64] {
        let pointers = Dictionary(context.copies.map { ($0.tid, $0.stackPointer) }, uniquingKeysWith: { first, _ in first })
        return context.threads.elements.reduce(into: pointers) { known, thread in if known[thread.tid] == nil { known[thread.tid] = thread.syscall?.stackPointer } }
    }

    /// The threads that wait for what they made and handed to others, all of whom have let go of it.
    private static func forgotten(_ objects: [Int32: ThreadWait], _ context: TaskForestContext, _ forest: TaskForest, _ mappings: [MemoryMapping]) -> [Int32: Bool] {
        let reach = CodeReach(modules: context.modules, memory: context.target.memory, deadline: min(context.deadline, .now + .milliseconds(500)))
        let handedOut = objects.filter { tid, wait in
            guard (wait.timeout_s ?? 0) <= 0, let futex = wait.futex, let thread = context.threads.elements.first(where: { $0.tid == tid }), thread.stack.status == .complete,
                let frame = thread.stack.elements.first(where: \.isOfProgram)
            else { return false }
            if futex.flavour == "dispatch group" { return reach.handsOut(frame.programCounter, "5GroupCACycf", endedBy: "GroupC5leave") }
            return futex.count == 0 && reach.handsOut(frame.programCounter, "9SemaphoreC5value", endedBy: "SemaphoreC6signal")
        }
        guard !handedOut.isEmpty else { return [:] }
        let stacks = ThreadStacks(
            copies: context.copies, records: Dictionary(context.threads.elements.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first }), proc: context.target.proc)
        let search = ForgottenObjects(memory: context.target.memory, touched: PageMap(pid: context.target.pid), mappings: mappings, threads: stacks, deadline: min(context.deadline, .now + .seconds(1)))
        // All who wait so: what one of them holds may be another's.
        let waiting = objects.filter { ($0.value.timeout_s ?? 0) <= 0 }.compactMapValues { $0.futex?.objectAddress }
        let executors = forest.actors.elements.compactMap { actor in actor.runningOnTID.map { ($0, actor.address) } }
        return search.waiters(of: waiting, executors: Dictionary(executors, uniquingKeysWith: { first, _ in first })).filter { handedOut[$0.key] != nil }
    }

    /// - Parameters:
    ///   - searchesResumers: whether to look who could resume each continuation.
    ///   - placesWorkers: whether to say what gives each thread its work.
    package static func read(in context: TaskForestContext, searchesResumers: Bool = true, placesWorkers: Bool = true) -> TaskForest {
        var reader = TaskForestReader(pid: context.target.pid, memory: context.target.memory, symbolizer: context.symbolizer)
            .findingStaticRuntime(symbolOfExecutable(context.modules))
        if searchesResumers {
            let copies = context.copies
            let proc = context.target.proc
            let records = Dictionary(context.threads.elements.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
            let followsTimers = context.threads.elements.contains { SwiftCodeSurvey.waitsForOthers($0) && !$0.isIdlePoolThread } && (timers(context) ?? 0) > 0
            let waits = EventLoopWaits(memory: context.target.memory, mappings: (try? proc.maps()) ?? [])
            let futures = Set(waits.futures(of: context.threads.elements, stackPointers: stackPointers(context)).values)
            reader = reader.searchingResumers(timersHeap: context.modules.address(ofSymbol: "_dispatch_timers_heap"), followsTimers: followsTimers, futures: futures) { ThreadStacks(copies: copies, records: records, proc: proc) }
        }
        var forest = reader.read(deadline: context.deadline, standing: context.mayStop ? { context.whileStanding($0) } : nil)
        guard placesWorkers else { return forest }
        forest.pools = WorkerPools(pid: context.target.pid, threads: context.threads.elements, forest: forest).pools
        return forest
    }
}

extension ThreadStacks {
    /// From copies taken while threads stood, and for the others from /proc/PID/task/TID/syscall.
    init(copies: [ThreadCopy], records: [Int32: ThreadRecord], proc: ProcDirectory) {
        let copied = Dictionary(copies.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        self.init(
            ((try? proc.threads()) ?? []).map { tid in
                let record = records[tid]
                let isIdle = record?.isIdlePoolThread ?? false
                if let copy = copied[tid], copy.known == ThreadCopy.allRegisters {
                    return Thread(
                        tid: tid, stackPointer: copy.stackPointer, registers: copy.registers, isIdle: isIdle, runsEventLoop: record?.runsEventLoop)
                }
                let syscall = try? proc.thread(tid).syscall()
                return Thread(tid: tid, stackPointer: syscall?.stackPointer, registers: nil, isIdle: isIdle, runsEventLoop: record?.runsEventLoop)
            })
    }
}

extension ThreadRecord {
    /// Waits for work in Dispatch's pool or for Dispatch's events, or is the main thread that `dispatch_main` has put aside:
    /// nothing of the program's own is on its stack.
    fileprivate var isIdlePoolThread: Bool {
        guard case .complete(let frames) = stack, !frames.isEmpty, frames.count < 32 else { return false }
        let names = frames.compactMap { $0.function ?? $0.symbol }
        if names.contains("_dispatch_sig_thread") { return true }
        guard names.contains("_dispatch_worker_thread") || names.contains("_dispatch_mgr_thread") else { return false }
        return frames.allSatisfy { frame in
            guard let name = frame.function ?? frame.symbol else { return true }
            let file = frame.module?.split(separator: "/").last ?? ""
            return name.hasPrefix("_dispatch_") || ["libc.so", "libpthread.so", "[vdso]"].contains { file.hasPrefix($0) } || Self.waits.contains(name)
        }
    }

    /// Sleeps, waits with a limit, or runs, other than a pool's thread without work.
    fileprivate var wakesByItself: Bool {
        if isIdlePoolThread { return false }
        guard let wait else { return true }
        return wait.kind == .sleep || wait.timeout_s ?? 0 > 0
    }

    /// Whether it runs an event loop of SwiftNIO; nil where frames without a name, outside the C library, leave that open.
    var runsEventLoop: Bool? {
        if stack.elements.contains(where: { $0.function?.hasPrefix("SelectableEventLoop.run") == true }) { return true }
        let isTold = stack.elements.count >= 3 && stack.elements.allSatisfy { frame in
            frame.function != nil || frame.module.map { module in ["/libc.so", "/libpthread.so", "[vdso]"].contains { module.contains($0) } } == true
        }
        return isTold ? false : nil
    }

    /// The C library's functions that an idle worker waits in, where it is linked statically.
    private static let waits: Set<String> = ["epoll_wait", "sem_timedwait", "sem_wait", "start_thread", "clone", "clone3", "__clone3", "syscall"]
}
