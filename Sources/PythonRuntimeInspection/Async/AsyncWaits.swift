internal import Evidence

/// What a suspended task of asyncio waits for.
struct AsyncWaits {
    let process: PythonProcess
    let tasks: [AsyncTask]
    let loops: [AsyncLoop]
    /// Task that is inside `async with lock`, by lock.
    private let holders: [UInt64: AsyncTask]
    private let isTask: Set<UInt64>
    private var objects: PythonObjects { process.objects }

    init(process: PythonProcess, tasks: [AsyncTask], loops: [AsyncLoop]) {
        self.process = process
        self.tasks = tasks
        self.loops = loops
        isTask = Set(tasks.map(\.address))
        var holders: [UInt64: AsyncTask] = [:]
        for task in tasks {
            for frame in task.frames {
                for value in frame.stack {
                    if let lock = Self.lock(value, process.objects) { holders[lock] = holders[lock] ?? task }
                }
            }
        }
        self.holders = holders
    }

    /// The lock whose bound `__aexit__` a value on the stack is (PyMethodObject: im_func 16, im_self 24).
    private static func lock(_ value: UInt64, _ objects: PythonObjects) -> UInt64? {
        guard objects.type(of: value)?.fullName == "method", let function = objects.word(value &+ 16),
            objects.word(function &+ 40).flatMap(objects.string)?.hasSuffix("__aexit__") == true, let this = objects.word(value &+ 24),
            let type = objects.type(of: this)
        else { return nil }
        if type.descends(from: "asyncio.locks.Lock") { return this }
        return type.descends(from: "asyncio.locks.Condition") ? objects.attribute("_lock", of: this) : nil
    }

    private struct Method {
        var type: String
        var functions: Set<String>
        var kind: ManagedWait.Kind
        /// As its users know it: asyncio.Event.
        var library: String { [type.split(separator: ".").first, type.split(separator: ".").last].compactMap { $0.map(String.init) }.joined(separator: ".") }
    }

    /// Lib/asyncio/locks.py, queues.py, streams.py; anyio's _backends/_asyncio.py.
    private static let methods = [
        Method(type: "asyncio.locks.Lock", functions: ["acquire"], kind: .lock),
        Method(type: "asyncio.locks.Event", functions: ["wait"], kind: .event),
        Method(type: "asyncio.locks.Condition", functions: ["wait", "wait_for"], kind: .condition),
        Method(type: "asyncio.locks.Semaphore", functions: ["acquire"], kind: .semaphore),
        Method(type: "asyncio.locks.Barrier", functions: ["wait", "_wait", "_block"], kind: .barrier),
        Method(type: "asyncio.queues.Queue", functions: ["get"], kind: .queueTake),
        Method(type: "asyncio.queues.Queue", functions: ["put"], kind: .queuePut),
        Method(type: "asyncio.queues.Queue", functions: ["join"], kind: .queueJoin),
        Method(type: "anyio._backends._asyncio.CapacityLimiter", functions: ["acquire_on_behalf_of"], kind: .semaphore),
    ]

    func record(_ task: AsyncTask, pid: Int32, isClosed: Bool) -> TaskRecord {
        var record = TaskRecord(pid: pid, id: task.address, address: task.address, kind: .unstructured, state: .suspended)
        record.name = task.name
        record.isCancelled = task.isCancelled
        if !task.isSuspended {
            record.state = .running
            record.runningOnTID = loops.first { $0.address == task.loop }?.tid
        } else if task.waiter == 0 {
            record.state = .enqueued
        }
        record.backtrace = .complete(task.frames.map { frame in
            var evidence = frame.evidence
            evidence.isAsync = true
            return evidence
        })
        guard record.state == .suspended else { return record }
        let children = awaited(task).filter { $0 != task.address }
        if children.count == 1 {
            record.wait = TaskWait(kind: .task)
            record.wait?.task = children[0]
        } else if !children.isEmpty {
            record.wait = TaskWait(kind: .group)
            record.wait?.pending = children.count
            record.children = children
        } else {
            let (wait, owed) = managed(task, isClosed: isClosed)
            record.managedWait = wait
            record.wait = TaskWait(kind: wait.kind == .sleep ? .sleep : .continuation)
            record.wait?.address = wait.object
            record.wait?.resumers = wait.releasers
            record.wait?.owedRest = owed
        }
        return record
    }

    // MARK: Other tasks

    /// Tasks whose end it waits for: directly, in a gathering, in a group, or through asyncio.wait.
    private func awaited(_ task: AsyncTask) -> [UInt64] {
        if isTask.contains(task.waiter) { return [task.waiter] }
        if let children = objects.attribute("_children", of: task.waiter) {
            // A gathering that also has futures of other kinds waits for those as well.
            return pending(objects.list(children))
        }
        guard let frame = task.frames.first, frame.code.isOfLibrary else { return [] }
        // asyncio's and anyio's.
        if ["TaskGroup.__aexit__", "TaskGroup._aexit"].contains(frame.code.name), let group = frame.local("self", objects) {
            return tasks.map(\.address).filter { holds(group, $0) }
        }
        guard frame.code.isLibrary else { return [] }
        if let inner = frame.local("fut", objects), isTask.contains(inner) { return [inner] }
        if let set = frame.local("fs", objects) { return tasks.map(\.address).filter { sets.contains($0, in: set) } }
        return []
    }

    private func holds(_ group: UInt64, _ task: UInt64) -> Bool {
        guard let set = objects.attribute("_tasks", of: group) else { return false }
        return sets.contains(task, in: set)
    }

    private var sets: AsyncTasks { AsyncTasks(objects: objects, coroutines: Coroutines(objects: objects, frames: process.frames)) }

    private func pending(_ children: [UInt64]) -> [UInt64] { children.filter { isTask.contains($0) } }

    // MARK: Everything else

    private func reader(in frame: PythonFrame) -> UInt64? {
        guard frame.code.isLibrary, let this = frame.local("self", objects), objects.type(of: this)?.descends(from: "asyncio.streams.StreamReader") == true else { return nil }
        return this
    }

    /// A piece of work of threads whose result, or that of several with others, a future stands for.
    private func workOfThreads(behind future: UInt64) -> UInt64? {
        let futures = AsyncFutures(objects: objects)
        if let children = objects.attribute("_children", of: future) { return objects.list(children).prefix(1024).lazy.compactMap(futures.threadFuture).first { process.pools.knows($0) } }
        return futures.threadFuture(behind: future)
    }

    /// Also what of an answer is owed to it.
    private func managed(_ task: AsyncTask, isClosed: Bool) -> (ManagedWait, owed: String?) {
        var wait = ManagedWait(kind: .future, object: task.waiter, typeName: "asyncio.Future", knownFrom: "the future that the task awaits")
        let names = ObjectNames(objects: objects)
        wait.name = names.name(of: task.waiter, from: task.frames)
        if task.frames.first?.isLibrary("asyncio/tasks.py", "sleep") == true {
            wait.kind = .sleep
            wait.typeName = "asyncio.sleep"
            wait.timeout_s = task.frames.first?.local("delay", objects).flatMap(objects.seconds)
            return (wait, nil)
        }
        if task.frames.first?.isLibrary("asyncio/base_events.py", "Server.serve_forever") == true { wait.rest = "serves until it is told to stop" }
        if let reader = task.frames.prefix(4).lazy.compactMap({ reader(in: $0) }).first {
            wait.kind = .read
            wait.object = reader
            wait.typeName = "asyncio.StreamReader"
            wait.count = objects.attribute("_buffer", of: reader).flatMap(objects.count)
            wait.descriptor = objects.attribute("_transport", of: reader).flatMap(AsyncConnections(objects: objects).descriptor(ofTransport:))
            return (wait, nil)
        }
        if let reading = AsyncConnections(objects: objects).reading(task.frames) {
            wait.kind = .read
            wait.typeName = "connection of its HTTP client"
            wait.descriptor = reading.descriptor
            return (wait, reading.owed)
        }
        if let descriptor = AsyncConnections(objects: objects).messages(task.frames) {
            wait.kind = .read
            wait.typeName = ManagedWait.messages
            wait.descriptor = descriptor
            return (wait, nil)
        }
        for frame in task.frames.prefix(4) {
            guard frame.code.isOfLibrary, let this = frame.local("self", objects), let type = objects.type(of: this) else { break }
            let function = frame.code.name.split(separator: ".").last.map(String.init) ?? ""
            guard let method = Self.methods.first(where: { $0.functions.contains(function) && type.descends(from: $0.type) }) else { continue }
            wait.kind = method.kind
            wait.object = this
            wait.typeName = method.library
            wait.name = names.name(of: this, from: task.frames)
            wait.knownFrom = "type of the object in whose method the task waits"
        }
        if wait.kind == .lock, let holder = holders[wait.object] {
            wait.ownerTask = holder.address
            wait.ownerAlive = true
            wait.knownFrom = "its `async with` block, whose `__aexit__` is on the frame's stack"
        }
        if wait.kind == .queueJoin { wait.count = objects.attribute("_unfinished_tasks", of: wait.object).flatMap(objects.integer) }
        if wait.kind == .future, let source = workOfThreads(behind: task.waiter) { _ = process.pools.complete(&wait, for: source) }
        if isClosed, wait.kind != .lock { wait.releasers = .complete([]) }
        return (wait, nil)
    }
}
