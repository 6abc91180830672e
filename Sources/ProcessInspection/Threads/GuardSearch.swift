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

    /// One such word: `place` is the function in whose frame it lies, nil in a register.
    private struct Find {
        var tid: Int32
        var trace: Trace
        var place: Place?
    }

    private struct Place: Hashable {
        var module: String?
        var function: UInt64
    }

    /// The counts of an `Arc`, strong and weak, come before what it holds: library/alloc/src/sync.rs.
    private static let countsOfArc: UInt64 = 16
    /// How far behind a RwLock its data begin: two words of 32 bits and whether it is poisoned, library/std/src/sync/poison/rwlock.rs.
    private static let dataBehind: ClosedRange<UInt64> = 9...16

    /// - Parameter frames: by thread, the stack pointers of its frames, innermost first.
    static func search(_ records: inout [ThreadRecord], _ copies: [ThreadCopy], frames: [Int32: [UInt64]]) {
        var waiters: [UInt64: Set<Int32>] = [:]
        var readers: [UInt64: Int] = [:]
        for record in records {
            guard let futex = record.wait?.futex, futex.object == .mutex || futex.object == .readWriteLock, futex.ownerTID == nil else { continue }
            waiters[futex.objectAddress, default: []].insert(record.tid)
            if futex.object == .readWriteLock, let count = futex.count, count > 0 { readers[futex.objectAddress] = count }
        }
        guard !waiters.isEmpty else { return }
        var found: [UInt64: [Find]] = [:]
        var takers: [UInt64: Set<Place>] = [:]
        let byTID = Dictionary(records.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        for copy in copies {
            let own = byTID[copy.tid]?.wait?.futex?.objectAddress
            let caller = byTID[copy.tid].flatMap(caller)
            let pointers = frames[copy.tid] ?? []
            let outside = caller.flatMap { pointers.indices.contains($0 + 1) ? pointers[$0 + 1] : nil }
            // Beyond the outermost frame lies what the C library keeps of the thread, the argument that it was started with too.
            let end = byTID[copy.tid]?.stack.status == .complete ? frames[copy.tid]?.last : nil
            let stack = byTID[copy.tid].map { places(of: $0, pointers) } ?? []
            if let own, let caller, stack.indices.contains(caller), waiters[own]?.contains(copy.tid) == true { takers[own, default: []].insert(stack[caller].place) }
            let hasWaited = byTID[copy.tid]?.wait?.futex?.object == .condition
            for (address, trace, position, isSaid) in traces(in: copy, of: waiters, Set(readers.keys)) where position <= end ?? .max {
                // It may have let go of the lock for as long, and then its guard says so.
                if hasWaited, trace != .readersGuard, !isSaid { continue }
                // The call that waits for the lock has its address too: only what lies further out was there before.
                if address == own, waiters[address]?.contains(copy.tid) == true, position < outside ?? .max { continue }
                found[address, default: []].append(Find(tid: copy.tid, trace: trace, place: stack.last { $0.start <= position }?.place))
            }
        }
        for row in records.indices {
            guard let address = records[row].wait?.futex?.objectAddress, waiters[address]?.contains(records[row].tid) == true else { continue }
            let finds = found[address] ?? []
            let best = finds.map(\.trace).max()
            // A function that was given the lock has its address as well as one that took it: that does not show that the waiter holds it itself.
            var threads = Set(finds.filter { $0.trace == best && (best != .address || $0.tid != records[row].tid) }.map(\.tid))
            if best != .box { threads = singledOut(threads, finds, waiting: waiters[address] ?? [], takers[address] ?? [], room: readers[address] ?? 1) }
            records[row].wait?.futex?.onStacksOf = best == .box ? [] : threads.sorted()
            if best == .box { records[row].wait?.futex?.knownTo = threads.sorted() }
        }
    }

    /// Of more threads than can hold a lock, the only one that does not wait for it, where it has the lock's address in the frame of a function
    /// that takes it: the others were given the lock, further out.
    private static func singledOut(_ threads: Set<Int32>, _ finds: [Find], waiting: Set<Int32>, _ takers: Set<Place>, room: Int) -> Set<Int32> {
        guard threads.count > room else { return threads }
        let others = Set(finds.filter { $0.trace != .box }.map(\.tid)).subtracting(waiting)
        guard let only = others.first, others.count == 1, threads.contains(only) else { return threads }
        return finds.contains { $0.tid == only && $0.trace != .box && $0.place.map(takers.contains) == true } ? others : threads
    }

    /// Where the frames of a thread begin on its stack, innermost first, and whose they are.
    private static func places(of record: ThreadRecord, _ stackPointers: [UInt64]) -> [(start: UInt64, place: Place)] {
        let frames = record.stack.elements
        guard !frames.contains(where: \.isAsync) else { return [] }
        return zip(stackPointers, frames.filter { !$0.isInlined }).map { ($0, Place(module: $1.module, function: $1.programCounter &- UInt64($1.offset ?? 0))) }
    }

    /// The lock's addresses among a thread's registers (position 0) and stack, with what each tells, and whether a flag behind it is set.
    private static func traces(in copy: ThreadCopy, of locks: [UInt64: Set<Int32>], _ held: Set<UInt64>) -> [(lock: UInt64, trace: Trace, position: UInt64, isSaid: Bool)] {
        var found: [(UInt64, Trace, UInt64, Bool)] = []
        func look(_ word: UInt64, _ before: UInt64?, _ next: UInt64?, _ position: UInt64) {
            if locks[word] != nil {
                let isBesideData = [before, next].contains { $0.map { Self.dataBehind.contains($0 &- word) } == true }
                let trace: Trace = isBesideData && held.contains(word) ? .readersGuard : next.map { $0 & 0xff <= 1 } == true ? .guardian : .address
                found.append((word, trace, position, next.map { $0 & 0xff == 1 } == true))
            }
            if locks[word &+ countsOfArc] != nil { found.append((word &+ countsOfArc, .box, position, false)) }
        }
        for (number, word) in copy.registers.enumerated() where copy.known & (1 << UInt32(number)) != 0 { look(word, nil, nil, 0) }
        // Aligned words from the stack pointer up: what lies below is dead.
        copy.stack.withUnsafeBytes { bytes in
            func word(_ at: Int) -> UInt64? { at >= 0 && at + 8 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) : nil }
            for at in stride(from: 0, to: bytes.count - 7, by: 8) { look(word(at) ?? 0, word(at - 8), word(at + 8), copy.stackStart &+ UInt64(at)) }
        }
        return found
    }

    /// The number of the frame that called what waits for the lock: the innermost that is neither the C library's nor the language's; what lies
    /// further out was there before. nil where it is not known.
    private static func caller(_ record: ThreadRecord) -> Int? {
        let frames = record.stack.elements
        guard !frames.contains(where: \.isAsync), let caller = frames.firstIndex(where: { !$0.isInlined && !isLibrary($0) }) else { return nil }
        return frames[..<caller].count { !$0.isInlined }
    }

    private static func isLibrary(_ frame: Frame) -> Bool {
        // Rust's library is compiled into the program; its files keep the names they had where it was built.
        if frame.module?.contains("/libc.so") == true || frame.file?.hasPrefix("/rustc/") == true { return true }
        // So are C++'s locks, whose guards are made before they hold anything (bits/unique_lock.h); not what runs a thread's function (std_thread.h).
        if let symbol = frame.symbol, ["_ZNSt", "_ZNKSt", "_ZSt"].contains(where: { symbol.hasPrefix($0) }), !symbol.hasPrefix("_ZNSt6thread") { return true }
        return (frame.function ?? frame.symbol ?? "").contains("_contended")
    }
}
