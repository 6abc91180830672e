internal import CLinux
internal import Dispatch
internal import Synchronization
package import ProcessInspection

/// Finds tasks by looking for the runtime's task metadata at every 16 bytes of the heap.
///
/// malloc aligns to 16, and so does the task allocator in which async-let tasks lie. A hit is judged
/// from the copied bytes alone: a read for each would cost more than the scan. Large heaps are cut into
/// pieces that a few threads take in turn.
package struct HeapScan: TaskFinder {
    private let memory: any MemoryReader
    private let words: hs_task_words
    private let layout: RuntimeLayout.Task
    private let regions: HeapRegions
    private let code: CodeRanges
    /// At most this many tasks are taken.
    private let maximumTasks: Int

    /// - Parameter notesBlocks: notes where tasks and their stacks lie, for copying them later.
    package init(
        memory: any MemoryReader, runtime: ConcurrencyRuntime, regions: HeapRegions, mappings: [MemoryMapping],
        maximumTasks: Int = 4_000_000, notesBlocks: Bool = false
    ) {
        words = hs_task_words(task: runtime.taskMetadata, slab: notesBlocks ? runtime.slabMetadata ?? 0 : 0)
        layout = runtime.layout.task
        self.memory = memory
        self.regions = regions
        code = CodeRanges(mappings)
        self.maximumTasks = maximumTasks
    }

    package func findTasks(deadline: ContinuousClock.Instant) -> FoundTasks {
        let pieces = Piece.cut(regions)
        struct Progress {
            var next = 0
            var tasks = 0
            var parts: [Part?]
        }
        let progress = Mutex(Progress(parts: Array(repeating: nil, count: pieces.count)))
        DispatchQueue.concurrentPerform(iterations: min(Self.maximumThreads, max(1, pieces.count))) { _ in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk_bytes + RawTask.extent_bytes, alignment: 64)
            defer { buffer.deallocate() }
            while true {
                let index = progress.withLock { progress -> Int? in
                    guard progress.next < pieces.count, progress.tasks < maximumTasks else { return nil }
                    progress.next += 1
                    return progress.next - 1
                }
                guard let index else { return }
                let part = scan(pieces[index], buffer, deadline: deadline)
                progress.withLock { progress in
                    progress.tasks += part.tasks.count
                    progress.parts[index] = part
                }
            }
        }
        var parts = progress.withLock { exchange(&$0.parts, with: []) }
        return join(&parts)
    }

    private static let maximumThreads = 4
    /// Stays in a processor's second-level cache between copying and looking.
    private static let chunk_bytes = 512 << 10
    private static let hitsAtOnce = 4096
    private static let maximumThreadBlocks = 100_000

    /// What one thread takes at a time; what begins before `end` may reach up to `limit`.
    private struct Piece {
        var start: UInt64
        var end: UInt64
        var limit: UInt64

        static let size_bytes: UInt64 = 16 << 20

        static func cut(_ regions: HeapRegions) -> [Piece] {
            regions.ranges.flatMap { range in
                stride(from: range.lowerBound, to: range.upperBound, by: Int(size_bytes)).map { start in
                    Piece(start: start, end: min(start &+ size_bytes, range.upperBound), limit: range.upperBound)
                }
            }
        }
    }

    private struct Part {
        var tasks: [RawTask] = []
        var threadBlocks: [UInt64] = []
        var blocks = AscendingBlocks()
        var implausible = 0
        var scanned_bytes: UInt64 = 0
        var unreadable_bytes: UInt64 = 0
    }

    private func scan(_ piece: Piece, _ buffer: UnsafeMutableRawBufferPointer, deadline: ContinuousClock.Instant) -> Part {
        var part = Part()
        var position = piece.start
        while position < piece.end, ContinuousClock.now < deadline {
            let step = Int(min(UInt64(Self.chunk_bytes), piece.end - position))
            let wanted = Int(min(UInt64(step + RawTask.extent_bytes), piece.limit - position))
            guard let got = try? memory.read(at: position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])) else {
                // A page that went away: step over it.
                let skip = min(4096, piece.end - position)
                part.unreadable_bytes += skip
                part.scanned_bytes += skip
                position += skip
                continue
            }
            // A short read ends at a hole; what begins just before its end is read again with what follows.
            let whole = got > RawTask.extent_bytes ? got - RawTask.extent_bytes : got
            let usable = got < wanted ? min(step, max(16, whole & ~63)) : step
            examine(UnsafeRawBufferPointer(rebasing: buffer[..<got]), at: position, usable: usable, into: &part)
            part.scanned_bytes += UInt64(usable)
            position += UInt64(usable)
        }
        return part
    }

    /// - Parameter usable: hits that begin here or later belong to the next chunk.
    private func examine(_ bytes: UnsafeRawBufferPointer, at base: UInt64, usable: Int, into part: inout Part) {
        withUnsafeTemporaryAllocation(of: hs_task_hit.self, capacity: Self.hitsAtOnce) { hits in
            var next = 0
            while next < usable {
                let count = hs_scan_tasks(bytes.baseAddress, usable, base, words, hits.baseAddress, hits.count, &next)
                for hit in hits[..<count] {
                    let address = base + UInt64(hit.offset)
                    let body = UnsafeRawBufferPointer(rebasing: bytes[Int(hit.offset)...].prefix(RawTask.extent_bytes))
                    if hit.kind == HS_HIT_TASK.rawValue {
                        guard body.count >= Int(layout.fragments) else { continue }
                        let task = RawTask(address: address, bytes: body, layout: layout)
                        guard task.isPlausible(isCode: code.contains) else {
                            if !task.isDying { part.implausible += 1 }
                            continue
                        }
                        part.tasks.append(task)
                        part.blocks.insert(address, reach: TaskSlab.usualExtent_bytes)
                    } else if hit.kind == HS_HIT_SLAB.rawValue {
                        part.blocks.insert(address, reach: TaskSlab.extent_bytes(body))
                    } else if part.threadBlocks.count < Self.maximumThreadBlocks {
                        part.threadBlocks.append(address)
                    }
                }
            }
        }
    }

    /// Takes the parts away one by one: a million tasks twice are some 300 MB.
    private func join(_ parts: inout [Part?]) -> FoundTasks {
        var found = FoundTasks()
        found.tasks.reserveCapacity(parts.reduce(0) { $0 + ($1?.tasks.count ?? 0) })
        var unreadable_bytes: UInt64 = 0
        for index in parts.indices {
            guard let part = exchange(&parts[index], with: nil) else { continue }
            found.tasks += part.tasks
            found.threadBlocks += part.threadBlocks.prefix(Self.maximumThreadBlocks - found.threadBlocks.count)
            found.blocks.append(part.blocks)
            found.implausible += part.implausible
            found.scanned_bytes += part.scanned_bytes
            unreadable_bytes += part.unreadable_bytes
        }
        if found.tasks.count >= maximumTasks {
            found.shortfall = "more than \(maximumTasks) tasks: the rest was left out"
        } else if found.scanned_bytes < regions.size_bytes {
            found.shortfall = "the heap scan reached its deadline after \(found.scanned_bytes >> 20) MiB of \(regions.size_bytes >> 20)"
        } else if unreadable_bytes > 0 {
            found.shortfall = "\(unreadable_bytes >> 10) KiB of the heap went away while it was read"
        }
        return found
    }
}
