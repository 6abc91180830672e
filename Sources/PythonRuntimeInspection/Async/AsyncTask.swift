internal import ProcessInspection

/// A task of asyncio, as its C implementation keeps it (Modules/_asynciomodule.c).
struct AsyncTask {
    let address: UInt64
    let name: String?
    let loop: UInt64
    let coroutine: UInt64
    /// The future it awaits; 0 while it runs or is ready to.
    let waiter: UInt64
    /// Innermost first; empty while it runs.
    var frames: [PythonFrame]
    var isSuspended: Bool
    /// Asked to end, and not asked back (`Task.uncancel`).
    let isCancelled: Bool

    /// Words of the object in which its fields are looked for: they moved between versions, their order did not.
    private static let words = 32
    private static let mostCancels: UInt32 = 1 << 20

    /// nil for what is no task, or one that has ended.
    init?(_ address: UInt64, _ objects: PythonObjects, _ coroutines: Coroutines) {
        guard let type = objects.type(of: address), type.lineage.contains("_asyncio.Task"),
            let body = try? objects.memory.array(of: UInt64.self, at: address, count: min(Self.words, type.basicSize / 8)), body.count > 4,
            let row = body.indices.dropFirst(3).first(where: { objects.type(of: body[$0]).map(Coroutines.isOne) == true })
        else { return nil }
        guard coroutines.isLive(body[row]) else { return nil }
        self.address = address
        coroutine = body[row]
        loop = body[2]
        waiter = objects.type(of: body[row - 1]) == nil ? 0 : body[row - 1]
        name = row + 1 < body.count ? (objects.type(of: body[row + 1])?.isString == true ? objects.string(body[row + 1]) : objects.integer(body[row + 1]).map { "Task-\($0)" }) : nil
        isSuspended = coroutines.isSuspended(body[row])
        let cancels = objects.half(address &+ UInt64(8 * max(0, row + objects.layout.taskCancels))) ?? 0
        isCancelled = cancels > 0 && cancels < Self.mostCancels
        frames = isSuspended ? coroutines.frames(of: body[row]) : []
    }
}

/// Finds the tasks that asyncio knows.
struct AsyncTasks {
    let objects: PythonObjects
    let coroutines: Coroutines
    private static let limit = 20_000

    /// - Parameter modules: sys.modules.
    func all(_ modules: UInt64) -> [AsyncTask] {
        guard let module = objects.item(named: "asyncio.tasks", of: modules) else { return [] }
        let entries = objects.attributes(of: module)
        var tasks: [AsyncTask] = []
        var seen: Set<UInt64> = []
        // 3.11: _all_tasks; from 3.12 on _scheduled_tasks and _eager_tasks, a set without weak references.
        for name in ["_all_tasks", "_scheduled_tasks", "_eager_tasks"] {
            guard let set = entries.first(where: { $0.name == name })?.value else { continue }
            for member in members(set) where seen.insert(member).inserted && tasks.count < Self.limit {
                if let task = AsyncTask(member, objects, coroutines) { tasks.append(task) }
            }
        }
        return tasks
    }

    private func members(_ set: UInt64) -> [UInt64] {
        let data = objects.attribute("data", of: set) ?? set
        return elements(data).map { element in
            // PyWeakReference: wr_object 16.
            objects.type(of: element)?.name.contains("eference") == true || objects.type(of: element)?.fullName == "weakref.ReferenceType"
                ? objects.word(element &+ 16) ?? 0 : element
        }
    }

    func contains(_ task: UInt64, in set: UInt64) -> Bool { elements(set).contains(task) }

    /// PySetObject: used 24, mask 32, table 40 of {key, hash}.
    func elements(_ set: UInt64) -> [UInt64] {
        guard objects.type(of: set)?.fullName == "set", let mask = objects.word(set &+ 32), mask < 1 << 20, let table = objects.word(set &+ 40),
            PythonObjects.isPlausible(table), let words = try? objects.memory.array(of: UInt64.self, at: table, count: Int(mask + 1) * 2)
        else { return [] }
        return stride(from: 0, to: words.count, by: 2).map { words[$0] }.filter { $0 != 0 }
    }
}
