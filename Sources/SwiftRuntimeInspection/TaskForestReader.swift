internal import Evidence
package import ProcessInspection

/// Reads the Swift task forest of a process from outside, without its help.
///
///     let forest = TaskForestReader(pid: 812, memory: LiveMemory(pid: 812)).read(deadline: .now + .seconds(2))
///
/// Never throws: what could not be seen is told in the sections' reasons.
package struct TaskForestReader: Sendable {
    private let pid: Int32
    private let memory: any MemoryReader
    private let mappings: (@Sendable () throws -> [MemoryMapping])
    private let threadIDs: (@Sendable () -> [Int32])
    private let touched: (any TouchedPages)?
    private let symbolizer: (any Symbolizer)?
    private var stacks: (@Sendable () -> ThreadStacks)?
    private var timersHeap: UInt64?
    private var followsTimers = false
    private var futures: Set<UInt64> = []
    private var finder: (@Sendable (any MemoryReader, ConcurrencyRuntime) -> any TaskFinder)?
    private var staticSymbol: @Sendable (String) -> UInt64? = { _ in nil }

    /// - Parameter symbolizer: without it frames have addresses only, and library waits show as continuations.
    package init(pid: Int32, memory: any MemoryReader, symbolizer: (any Symbolizer)? = nil) {
        let directory = ProcDirectory(pid: pid)
        self.init(
            pid: pid, memory: memory, symbolizer: symbolizer, touched: PageMap(pid: pid), mappings: { try directory.maps() },
            threadIDs: { (try? directory.threads()) ?? [] })
    }

    /// Also looks who could resume each continuation, with what the threads' registers and stacks tell.
    ///
    /// - Parameters:
    ///   - timersHeap: address of Dispatch's `_dispatch_timers_heap`: without it some sleeps have no time that remains.
    ///   - followsTimers: whether to tell what Dispatch's timers run also where no task waits.
    ///   - futures: of event loops, for which threads wait: what leads to them is looked for as well.
    package func searchingResumers(
        timersHeap: UInt64? = nil, followsTimers: Bool = false, futures: Set<UInt64> = [], _ stacks: @escaping @Sendable () -> ThreadStacks
    ) -> TaskForestReader {
        var reader = self
        reader.futures = futures
        reader.timersHeap = timersHeap
        reader.followsTimers = followsTimers
        reader.stacks = stacks
        return reader
    }

    /// Also recognises a runtime that is linked into the executable, by the symbols of its file.
    package func findingStaticRuntime(_ symbol: @escaping @Sendable (String) -> UInt64?) -> TaskForestReader {
        var reader = self
        reader.staticSymbol = symbol
        return reader
    }

    /// Finds tasks in another way than by scanning the heap, as by a runtime's own registry of them.
    package func findingTasks(by finder: @escaping @Sendable (any MemoryReader, ConcurrencyRuntime) -> any TaskFinder) -> TaskForestReader {
        var reader = self
        reader.finder = finder
        return reader
    }

    /// For recorded memory.
    package init(
        pid: Int32, memory: any MemoryReader, symbolizer: (any Symbolizer)?, touched: (any TouchedPages)?,
        mappings: @escaping @Sendable () throws -> [MemoryMapping], threadIDs: @escaping @Sendable () -> [Int32]
    ) {
        self.pid = pid
        self.memory = memory
        self.symbolizer = symbolizer
        self.touched = touched
        self.mappings = mappings
        self.threadIDs = threadIDs
    }

    /// Longest search for who could resume: a second on a quiet machine, more on the loaded one where people look for hangs.
    private static let searchTime = Duration.seconds(8)

    /// Runs a closure while the process stands still, and gives the milliseconds it stood.
    package typealias Standing = (_ body: () -> Void) -> Double

    /// - Parameter standing: stops the process for the moment of copying what was found. Without it the forest is
    ///   read from a process that runs on: right for tasks that stand, blurred for those that come and go.
    package func read(deadline: ContinuousClock.Instant, standing: Standing? = nil) -> TaskForest {
        let mappings: [MemoryMapping]
        do { mappings = try self.mappings() } catch { return .unavailable("\(error)") }
        let runtime: ConcurrencyRuntime
        do throws(ConcurrencyRuntime.Absence) {
            runtime = try ConcurrencyRuntime.locate(memory: memory, mappings: mappings, staticSymbol: staticSymbol)
        } catch {
            var forest = TaskForest.unavailable(error.reason)
            forest.isEmpty = error.isEmptiness
            return forest
        }
        let regions = HeapRegions(mappings: mappings, touched: touched)
        let finder = finder?(memory, runtime)
            ?? HeapScan(memory: memory, runtime: runtime, regions: regions, mappings: mappings, notesBlocks: standing != nil)
        var found = finder.findTasks(deadline: deadline)
        if runtime.isAssumed, found.implausible > found.tasks.count {
            return .unavailable(ConcurrencyRuntime.Absence.unknownLayout(nil, path: runtime.path).reason)
        }
        var view: any MemoryReader = BlockCache(memory)
        var stopped_ms = 0.0
        var threads: CurrentTasks?
        let running = Set(found.tasks.filter(\.isRunning).map(\.address))
        if let standing, found.tasks.count > 0 {
            let blocks = HeapBlocks(found.blocks, within: regions, live: memory)
            let candidates = found.threadBlocks
            stopped_ms = standing {
                // Threads may have come and gone since: those that stand now count.
                let tids = Set(threadIDs())
                blocks.fill()
                threads = CurrentTasks(blocks: candidates, tids: tids, running: running, runtime: runtime, memory: memory)
            }
            if blocks.omitted == 0 { found.tasks = [] }
            let again = HeapScan(
                memory: blocks, runtime: runtime, regions: HeapRegions(ranges: blocks.ranges), mappings: mappings
            ).findTasks(deadline: deadline)
            if blocks.omitted == 0 { found.tasks = again.tasks } else { found.tasks = Self.merge(found.tasks, again.tasks) }
            found.shortfall = found.shortfall ?? again.shortfall
            view = blocks
        }
        let builder = ForestBuilder(
            pid: pid, memory: view, runtime: runtime, mappings: mappings,
            threads: threads
                ?? CurrentTasks(blocks: found.threadBlocks, tids: Set(threadIDs()), running: running, runtime: runtime, memory: memory),
            symbolizer: symbolizer,
            dispatch: DispatchQueues(memory: view, mappings: mappings, runtime: runtime, staticSymbol: staticSymbol),
            resumers: resumers(runtime, mappings, view, deadline), deadline: deadline)
        var forest = builder.build(found)
        forest.stopped_ms = stopped_ms
        return forest
    }

    private func resumers(
        _ runtime: ConcurrencyRuntime, _ mappings: [MemoryMapping], _ view: any MemoryReader, _ deadline: ContinuousClock.Instant
    ) -> (([RawTask], [StatusRecords], [Dependency?], Kinship, TypeNames, @escaping (Int) -> Backtraces.Named) -> ResumerReader)? {
        guard let stacks else { return nil }
        return { tasks, records, dependencies, kin, types, backtrace in
            ResumerReader(
                memory: view, live: memory, touched: touched, mappings: mappings, runtime: runtime, types: types, tasks: tasks,
                records: records, dependencies: dependencies, kin: kin, threads: stacks(), backtrace: backtrace, timersHeap: timersHeap, followsTimers: followsTimers,
                futures: futures, deadline: min(deadline, .now + Self.searchTime))
        }
    }

    /// What was seen while the process stood wins.
    private static func merge(_ before: [RawTask], _ standing: [RawTask]) -> [RawTask] {
        let seen = Set(standing.map(\.address))
        return (standing + before.filter { !seen.contains($0.address) }).sorted { $0.address < $1.address }
    }
}
