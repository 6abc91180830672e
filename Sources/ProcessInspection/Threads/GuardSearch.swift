internal import Evidence

/// Looks for the holders of locks that do not say who holds them (read-write locks held by readers, the futex
/// locks of Rust): whoever holds one keeps its address on its stack for as long, in the guard that will unlock it.
///
/// A reference to the lock leaves the same address behind, so that the traces are weighed, and only the strongest count.
enum GuardSearch {
    /// What a word on a stack tells.
    private enum Trace: Int, Comparable {
        /// A reference to the counted box around the lock: everybody who can take it has one, and the compiler may have folded the guard into it.
        case box
        /// The lock's own address.
        case address
        /// The address with a flag behind it, as guards are laid out: Rust's MutexGuard (was it panicking?), C++'s shared_lock (is it locked?).
        case guardian
        /// The address of a lock that readers hold beside that of the data right behind it: Rust's RwLockReadGuard.
        case readersGuard

        static func < (one: Trace, other: Trace) -> Bool { one.rawValue < other.rawValue }
    }

    /// The counts of an `Arc`, strong and weak, come before what it holds: library/alloc/src/sync.rs.
    private static let countsOfArc: UInt64 = 16
    /// How far behind a RwLock its data begin: two words of 32 bits and whether it is poisoned, library/std/src/sync/poison/rwlock.rs.
    private static let dataBehind: ClosedRange<UInt64> = 9...16

    /// - Parameter frames: by thread, the stack pointers of its frames, innermost first.
    static func search(_ records: inout [ThreadRecord], _ copies: [ThreadCopy], frames: [Int32: [UInt64]]) {
        var waiters: [UInt64: Set<Int32>] = [:]
        var heldByReaders: Set<UInt64> = []
        for record in records {
            guard let futex = record.wait?.futex, futex.object == .mutex || futex.object == .readWriteLock, futex.ownerTID == nil else { continue }
            waiters[futex.objectAddress, default: []].insert(record.tid)
            if futex.object == .readWriteLock, (futex.count ?? 0) > 0 { heldByReaders.insert(futex.objectAddress) }
        }
        guard !waiters.isEmpty else { return }
        var found: [UInt64: [Int32: Trace]] = [:]
        let byTID = Dictionary(records.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        for copy in copies {
            let own = byTID[copy.tid]?.wait?.futex?.objectAddress
            let outside = byTID[copy.tid].flatMap { firstFrame(outsideCallOf: $0, frames[copy.tid] ?? []) }
            // Beyond the outermost frame lies what the C library keeps of the thread, the argument that it was started with too.
            let end = byTID[copy.tid]?.stack.status == .complete ? frames[copy.tid]?.last : nil
            for (address, trace, position) in traces(in: copy, of: waiters, heldByReaders) where position <= end ?? .max {
                // The call that waits for the lock has its address too: only what lies further out was there before.
                if address == own, waiters[address]?.contains(copy.tid) == true, position < outside ?? .max { continue }
                found[address, default: [:]][copy.tid] = max(found[address]?[copy.tid] ?? trace, trace)
            }
        }
        for row in records.indices {
            guard let address = records[row].wait?.futex?.objectAddress, waiters[address]?.contains(records[row].tid) == true else { continue }
            let best = found[address]?.values.max()
            // A function that was given the lock has its address as well as one that took it: that does not show that the waiter holds it itself.
            let threads = (found[address] ?? [:]).filter { $0.value == best && (best != .address || $0.key != records[row].tid) }.map(\.key).sorted()
            records[row].wait?.futex?.onStacksOf = best == .box ? [] : threads
            if best == .box { records[row].wait?.futex?.knownTo = threads }
        }
    }

    /// The lock's addresses among a thread's registers (position 0) and stack, with what each tells.
    private static func traces(in copy: ThreadCopy, of locks: [UInt64: Set<Int32>], _ held: Set<UInt64>) -> [(lock: UInt64, trace: Trace, position: UInt64)] {
        var found: [(UInt64, Trace, UInt64)] = []
        func look(_ word: UInt64, _ before: UInt64?, _ next: UInt64?, _ position: UInt64) {
            if locks[word] != nil {
                let isBesideData = [before, next].contains { $0.map { Self.dataBehind.contains($0 &- word) } == true }
                let trace: Trace = isBesideData && held.contains(word) ? .readersGuard : next.map { $0 & 0xff <= 1 } == true ? .guardian : .address
                found.append((word, trace, position))
            }
            if locks[word &+ countsOfArc] != nil { found.append((word &+ countsOfArc, .box, position)) }
        }
        for (number, word) in copy.registers.enumerated() where copy.known & (1 << UInt32(number)) != 0 { look(word, nil, nil, 0) }
        // Aligned words from the stack pointer up: what lies below is dead.
        copy.stack.withUnsafeBytes { bytes in
            func word(_ at: Int) -> UInt64? { at >= 0 && at + 8 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) : nil }
            for at in stride(from: 0, to: bytes.count - 7, by: 8) { look(word(at) ?? 0, word(at - 8), word(at + 8), copy.stackStart &+ UInt64(at)) }
        }
        return found
    }

    /// Where the stack begins that was there before the call that waits: above the innermost frame that is neither the
    /// C library's nor the language's. nil where it is not known.
    private static func firstFrame(outsideCallOf record: ThreadRecord, _ stackPointers: [UInt64]) -> UInt64? {
        let frames = record.stack.elements
        guard !frames.contains(where: \.isAsync), let caller = frames.firstIndex(where: { !$0.isInlined && !isLibrary($0) }) else { return nil }
        let number = frames[...caller].count { !$0.isInlined }
        return stackPointers.indices.contains(number) ? stackPointers[number] : nil
    }

    private static func isLibrary(_ frame: Frame) -> Bool {
        // Rust's library is compiled into the program; its files keep the names they had where it was built.
        if frame.module?.contains("/libc.so") == true || frame.file?.hasPrefix("/rustc/") == true { return true }
        return (frame.function ?? frame.symbol ?? "").contains("_contended")
    }
}
