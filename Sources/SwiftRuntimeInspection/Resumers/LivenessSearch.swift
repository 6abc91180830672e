internal import Evidence
internal import ProcessInspection

/// Which suspended tasks could still go on, found by marking memory from those that can, until nothing is added.
struct LivenessSearch {
    let reader: ResumerReader
    let reachable: ReachableMemory
    let taskMemory: TaskMemory
    let owned: [[Range<UInt64>]]
    let places: PlaceNames
    /// By canary of a checked continuation: the task it resumes. A reference to such a task by anything else is a handle.
    private var canaries: [UInt64: Int] = [:]
    var canaryOf: [Int: UInt64] = [:]
    var canGoOn: [Bool]
    /// By task: the places that refer to its continuation.
    var holders: [Int: [UInt64]] = [:]
    /// By task: who holds a handle with which it could be cancelled.
    private var cancellers: [Int: UInt64] = [:]
    /// By task: where a Dispatch item refers to it as the job to run.
    var items: [Int: UInt64] = [:]
    /// By stuck task: places that refer to its continuation, and to which only stuck tasks lead.
    var deadHolders: [Int: [UInt64]] = [:]
    private var seenHits = 0

    init(_ reader: ResumerReader, _ reachable: ReachableMemory) {
        self.reader = reader
        self.reachable = reachable
        taskMemory = TaskMemory(reader.tasks, runtime: reader.runtime, memory: reader.memory)
        owned = taskMemory.own(count: reader.tasks.count)
        places = PlaceNames(mappings: reader.mappings, threads: reader.threads)
        canGoOn = reader.tasks.indices.map { Self.canRun(reader.tasks[$0], reader.dependencies[$0]) }
        // CheckedContinuation.swift: the canary holds the task at +16 and the function's name at +24.
        for hit in reachable.allocations(withWordAt: 16) {
            guard reader.types.ofObject(at: hit.place) == "CheckedContinuationCanary", let task = reader.kin.indices[hit.target] else { continue }
            canaries[hit.place] = task
            canaryOf[task] = hit.place
        }
    }

    /// Runs now, is about to, or is asleep until its timer wakes it. What waits for nothing known counts as able to run.
    private static func canRun(_ task: RawTask, _ dependency: Dependency?) -> Bool {
        if task.isComplete { return false }
        switch dependency {
        case .task, .continuation, .group: return false
        case .executor, .unknown, nil: return true
        }
    }

    mutating func run() {
        reachable.setCode(reader.mappings.filter(\.isExecutable).map { $0.start..<$0.end })
        for range in taskMemory.all { reachable.bar(range) }
        // The program's own globals first, so that they are what is named where several ways lead to an object.
        let program = reader.mappings.first?.path
        let roots = reachable.pieces.filter { if case .chunks = $0.kind { false } else { !isRuntimeCache($0.range.lowerBound) } }
        let own = roots.filter { reader.mappings.containing($0.range.lowerBound)?.path == program }
        for piece in own + roots.filter({ !own.contains($0) }) { reachable.mark(piece.range) }
        for thread in reader.threads.threads where !thread.isIdle {
            for value in Set(thread.registers ?? []) { reachable.mark(value: value, at: UInt64(UInt32(bitPattern: thread.tid))) }
        }
        var entered = [Bool](repeating: false, count: reader.tasks.count)
        var frontier: [Int] = []
        repeat {
            for task in frontier {
                entered[task] = true
                for range in owned[task] { reachable.mark(range) }
            }
            takeHits()
            passOn()
            frontier = reader.tasks.indices.filter { canGoOn[$0] && !entered[$0] }
        } while !frontier.isEmpty
    }

    /// Looks from tasks that cannot go on as well: what refers to their continuations there can resume nobody.
    mutating func followStuckTasks() {
        for task in reader.tasks.indices where !canGoOn[task] { for range in owned[task] { reachable.mark(range) } }
        for hit in reachable.hits(from: seenHits) {
            seenHits += 1
            // What lies in a task's own memory may as well be a handle of the task that it waits for.
            guard let task = reader.kin.indices[hit.target], !canGoOn[task], taskMemory.owner(of: hit.place) == nil, !isDispatchItem(hit.place),
                refersToContinuation(hit.place, of: task), deadHolders[task, default: []].count < ResumerReader.maximumNamed
            else { continue }
            deadHolders[task, default: []].append(hit.place)
        }
    }

    /// Not to a checked continuation's task itself, which is a handle of the task.
    private func refersToContinuation(_ place: UInt64, of task: Int) -> Bool {
        canaryOf[task] == nil || reachable.allocation(at: place).map { canaries[$0.lowerBound] == task } == true
    }

    /// Globals of the standard library are caches of metadata, whose unused slots hold whatever lay there before.
    private func isRuntimeCache(_ place: UInt64) -> Bool {
        guard case .named(let name) = places.place(of: place) else { return false }
        return ["libswiftCore.so", "libswift_Concurrency.so", "libswift_StringProcessing.so", "libswift_RegexParser.so"].contains { name.hasSuffix($0) }
    }

    /// References to tasks that were found since the last time.
    private mutating func takeHits() {
        for hit in reachable.hits(from: seenHits) {
            seenHits += 1
            guard let task = reader.kin.indices[hit.target] else { continue }
            if isDispatchItem(hit.place) {
                items[task] = hit.place
                continue
            }
            if isLink(hit.place, to: task) { continue }
            if reader.tasks[task].isComplete {
                canGoOn[task] = true
                continue
            }
            if refersToContinuation(hit.place, of: task) {
                if holders[task, default: []].count < 64 { holders[task, default: []].append(hit.place) }
                if case .continuation? = reader.dependencies[task] { canGoOn[task] = true }
            }
            if !canGoOn[task], cancellers[task] == nil { cancellers[task] = hit.place }
        }
    }

    /// Whether a place refers to a task for the runtime's own purposes, which lets nobody resume it.
    private func isLink(_ place: UInt64, to task: Int) -> Bool {
        if let owner = taskMemory.owner(of: place) {
            // A parent's list of children, and the fields of tasks that link to each other.
            if reader.kin.parents[task] == owner || owner == task { return true }
            let from = reader.tasks[owner].address
            return place >= from && place < from &+ UInt64(RawTask.extent_bytes)
        }
        if case .named(let name) = places.place(of: place), name.hasPrefix("a global of libdispatch") { return true }
        return false
    }

    /// {function, job} of a Dispatch item (dispatch_continuation_s: dc_func, dc_ctxt). For a suspended task it is left over from an
    /// earlier run; for the helper of a sleep it is the timer's.
    private func isDispatchItem(_ place: UInt64) -> Bool {
        reader.live.word(place &- 8).map { reader.runtime.image.range.contains($0) } ?? false
    }

    /// A task goes on when what it waits for can: another task's end, its group's, or its cancellation handler's.
    private mutating func passOn() {
        var changed = true
        while changed {
            changed = false
            for index in reader.tasks.indices where !canGoOn[index] && !reader.tasks[index].isComplete {
                guard couldEnd(index) || couldBeCancelled(index) else { continue }
                canGoOn[index] = true
                changed = true
            }
        }
    }

    private func couldEnd(_ index: Int) -> Bool {
        switch reader.dependencies[index] {
        case .task(let target): reader.kin.indices[target].map { canGoOn[$0] || reader.tasks[$0].isComplete } ?? true
        // Also a group of which nobody is left, or whose children were not found.
        case .group: !reader.kin.children[index].contains { !reader.tasks[$0].isComplete } || reader.kin.children[index].contains { canGoOn[$0] }
        default: false
        }
    }

    /// Whether somebody who can act holds the task, or a task it is a child of, and its wait heeds cancellation.
    private func couldBeCancelled(_ index: Int) -> Bool {
        guard records(index), reader.tasks[index].status & TaskStatusBits.cancelled == 0 else { return false }
        var next: Int? = index
        for _ in 0..<64 {
            guard let task = next else { return false }
            if cancellers[task] != nil { return true }
            next = reader.kin.parents[task]
            if let parent = next, canGoOn[parent] { return true }
        }
        return true
    }

    private func records(_ index: Int) -> Bool { reader.records[index].hasCancellationHandler }
}
