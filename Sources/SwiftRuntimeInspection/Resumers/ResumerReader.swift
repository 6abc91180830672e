internal import Evidence
internal import ProcessInspection

/// Who could still resume a continuation: what in memory refers to it, followed back to something that can run.
///
/// A continuation is known by its task's address. A reference counts unless it lies where nobody can use it:
/// in the waiting task's own frames, in frames of tasks that wait for that very task, in dead stack, in objects
/// that nothing refers to. What is left is a possible resumer, no certain one; nothing left is a proof that nobody can.
struct ResumerReader {
    /// For looking closely, and for searching all of it.
    let memory: any MemoryReader
    let live: any MemoryReader
    let touched: (any TouchedPages)?
    let mappings: [MemoryMapping]
    let runtime: ConcurrencyRuntime
    let types: TypeNames
    let tasks: [RawTask]
    let records: [StatusRecords]
    let dependencies: [Dependency?]
    let kin: Kinship
    let threads: ThreadStacks
    let deadline: ContinuousClock.Instant

    /// At most so many continuations are searched for.
    static let maximumWaiters = 2000
    private static let maximumSteps = 4
    private static let maximumObjects = 2000
    private static let maximumNamed = 8

    struct Finding {
        var resumers: Observed<[String]>
        /// From the canary of a checked continuation: the function that made it.
        var createdBy: String?
    }

    /// - Parameter waiters: indices of tasks that wait for a continuation.
    func findings(for waiters: [Int]) -> [Int: Finding] {
        guard waiters.count <= Self.maximumWaiters else {
            let reason = "more than \(Self.maximumWaiters) continuations: not searched"
            return Dictionary(waiters.map { ($0, Finding(resumers: .unavailable(reason: reason))) }, uniquingKeysWith: { first, _ in first })
        }
        var search = Search(self)
        search.run(from: waiters)
        return search.findings(for: waiters)
    }

    /// One search, step by step away from the waiting tasks.
    private struct Search {
        let reader: ResumerReader
        let taskMemory: TaskMemory
        let objects: HeapObjects
        let places: PlaceNames
        let references: ReferenceSearch
        let waitersFor: [Int: [Int]]
        /// By object or task address: what refers to it.
        var holders: [UInt64: [Holder]] = [:]
        var names: [UInt64: String] = [:]
        var createdBy: [UInt64: String] = [:]
        var unfinished: Set<UInt64> = []
        var shortfall: String?

        enum Holder: Hashable {
            case object(UInt64)
            case task(Int)
            /// Something that can run or be reached: a global, a stack, raw memory.
            case root(String)
        }

        init(_ reader: ResumerReader) {
            self.reader = reader
            taskMemory = TaskMemory(reader.tasks, runtime: reader.runtime, memory: reader.memory)
            objects = HeapObjects(memory: reader.memory, types: reader.types)
            places = PlaceNames(mappings: reader.mappings, threads: reader.threads)
            waitersFor = reader.waitersFor
            references = ReferenceSearch(
                memory: reader.live, ranges: HeapRegions(everythingIn: reader.mappings, touched: reader.touched).ranges)
        }

        mutating func run(from waiters: [Int]) {
            var frontier = Set(waiters.map { reader.tasks[$0].address })
            for step in 0..<ResumerReader.maximumSteps where !frontier.isEmpty {
                let outcome = references.references(to: frontier, deadline: reader.deadline)
                shortfall = shortfall ?? outcome.shortfall
                for target in frontier { holders[target] = [] }
                for thread in reader.threads.threads where !thread.isIdle {
                    for value in Set(thread.registers ?? []) where frontier.contains(value) {
                        holders[value, default: []].append(.root("a register of thread \(thread.tid)"))
                    }
                }
                var next: Set<UInt64> = []
                for reference in outcome.references {
                    guard let holder = holder(of: reference) else { continue }
                    if holders[reference.target, default: []].count < 64 { holders[reference.target, default: []].append(holder) }
                    if case .object(let address) = holder, holders[address] == nil { next.insert(address) }
                }
                if step == ResumerReader.maximumSteps - 1 || next.count > ResumerReader.maximumObjects {
                    unfinished.formUnion(next)
                    return
                }
                frontier = next
            }
        }

        private mutating func holder(of reference: ReferenceSearch.Reference) -> Holder? {
            if let owner = taskMemory.owner(of: reference.place) { return .task(owner) }
            // {function, job} of a Dispatch item (dispatch_continuation_s: dc_func, dc_ctxt): it ran the task earlier, and lies in
            // Dispatch's cache. A suspended task is on no queue.
            if let function = reader.memory.word(reference.place &- 8), reader.runtime.image.range.contains(function) { return nil }
            switch places.place(of: reference.place) {
            case .deadStack: return nil
            case .named(let name): return .root(name)
            case .heap: break
            }
            guard let object = objects.enclosing(reference.place) else { return .root("memory that is no Swift object") }
            names[object.address] = object.typeName
            if object.typeName == "CheckedContinuationCanary", createdBy[reference.target] == nil,
                let function = SwiftString.read(at: object.address &+ 24, memory: reader.memory)
            {
                createdBy[reference.target] = function
            }
            return .object(object.address)
        }

        func findings(for waiters: [Int]) -> [Int: Finding] {
            var result: [Int: Finding] = [:]
            for waiter in waiters {
                let address = reader.tasks[waiter].address
                let stuck = tasksThatWait(for: waiter)
                var named: Set<String> = []
                var seen: Set<UInt64> = [address]
                follow(address, path: [], waiter: waiter, stuck: stuck, seen: &seen, into: &named)
                let list = named.sorted()
                let unseen = reader.threads.unseenRegisters
                let reason = shortfall ?? (unseen > 0 && list.isEmpty ? "registers of \(unseen) threads were not seen" : nil)
                let finding = Finding(
                    resumers: reason.map { .partial(list, reason: $0) } ?? .complete(list), createdBy: createdBy[address])
                result[waiter] = finding
            }
            return result
        }

        /// Tasks that cannot go on before `waiter` does: they wait for its value, or for one that does, or for its group.
        private func tasksThatWait(for waiter: Int) -> Set<Int> {
            var stuck: Set<Int> = [waiter]
            var queue = [waiter]
            while let next = queue.popLast(), stuck.count < 10_000 {
                for other in waitersFor[next] ?? [] where stuck.insert(other).inserted { queue.append(other) }
            }
            return stuck
        }

        /// Collects the descriptions of everything that leads to `address` and can still act.
        private func follow(
            _ address: UInt64, path: [String], waiter: Int, stuck: Set<Int>, seen: inout Set<UInt64>, into named: inout Set<String>
        ) {
            for holder in holders[address] ?? [] where named.count < ResumerReader.maximumNamed {
                switch holder {
                case .root(let name): named.insert(Self.words(path, name))
                case .task(let index):
                    if let name = reader.actor(index, for: waiter, stuck: stuck, isDirect: path.isEmpty) {
                        named.insert(Self.words(path, name))
                    }
                case .object(let object):
                    guard seen.insert(object).inserted else { continue }
                    let path = path + [names[object] ?? "an object"]
                    if unfinished.contains(object) || path.count >= ResumerReader.maximumSteps {
                        named.insert(Self.words(path, nil))
                    } else {
                        follow(object, path: path, waiter: waiter, stuck: stuck, seen: &seen, into: &named)
                    }
                }
            }
        }

        /// `CallRegistry`, through `_DictionaryStorage`: the library's own containers are told in passing.
        private static func words(_ path: [String], _ root: String?) -> String {
            let isInternal: (String) -> Bool = { $0.hasPrefix("_") || $0 == "CheckedContinuationCanary" || $0 == "a closure" }
            let main = path.last { !isInternal($0) } ?? path.last
            guard let main else { return root ?? "something" }
            return root.map { "\(main), held by \($0)" } ?? main
        }
    }

    /// By task index: the tasks that wait for it.
    private var waitersFor: [Int: [Int]] {
        var result: [Int: [Int]] = [:]
        for (index, dependency) in dependencies.enumerated() {
            if case .task(let target)? = dependency, let at = kin.indices[target] { result[at, default: []].append(index) }
        }
        return result
    }

    /// How a task could act on a reference in its memory; nil when it cannot.
    private func actor(_ index: Int, for waiter: Int, stuck: Set<Int>, isDirect: Bool) -> String? {
        let task = tasks[index]
        if stuck.contains(index) {
            // It cannot run, but its cancellation handler can.
            guard records[index].hasCancellationHandler else { return nil }
            if index == waiter && isDirect { return nil }
            return index == waiter ? "its own cancellation handler" : "the cancellation handler of task \(task.id)"
        }
        if task.isComplete { return nil }
        return "task \(task.id)"
    }
}
