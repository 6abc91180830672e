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
    private let naming: (any CodeNaming)?

    /// - Parameter naming: without it frames have addresses only, and library waits show as continuations.
    package init(pid: Int32, memory: any MemoryReader, naming: (any CodeNaming)? = nil) {
        let directory = ProcDirectory(pid: pid)
        self.init(
            pid: pid, memory: memory, naming: naming, touched: PageMap(pid: pid), mappings: { try directory.maps() },
            threadIDs: { (try? directory.threads()) ?? [] })
    }

    /// For recorded memory.
    package init(
        pid: Int32, memory: any MemoryReader, naming: (any CodeNaming)?, touched: (any TouchedPages)?,
        mappings: @escaping @Sendable () throws -> [MemoryMapping], threadIDs: @escaping @Sendable () -> [Int32]
    ) {
        self.pid = pid
        self.memory = memory
        self.naming = naming
        self.touched = touched
        self.mappings = mappings
        self.threadIDs = threadIDs
    }

    package func read(deadline: ContinuousClock.Instant) -> TaskForest {
        let mappings: [MemoryMapping]
        do { mappings = try self.mappings() } catch { return .unavailable("\(error)") }
        let runtime: ConcurrencyRuntime
        do throws(ConcurrencyRuntime.Absence) {
            runtime = try ConcurrencyRuntime.locate(memory: memory, mappings: mappings)
        } catch {
            return .unavailable(error.reason)
        }
        let finder = HeapScan(
            memory: memory, runtime: runtime, regions: HeapRegions(mappings: mappings, touched: touched), mappings: mappings)
        let found = finder.findTasks(deadline: deadline)
        let builder = ForestBuilder(
            pid: pid, memory: BlockCache(memory), runtime: runtime, mappings: mappings, tids: Set(threadIDs()), naming: naming,
            deadline: deadline)
        return builder.build(found)
    }
}
