internal import Evidence

/// Looks for the holders of locks that do not say who holds them (read-write locks held by readers, the futex
/// locks of Rust): whoever holds one mostly keeps its address, in a guard, on its stack or in a register.
enum GuardSearch {
    /// A guard of what lies in an `Arc` may be kept as the Arc: strong and weak count come first, library/alloc/src/sync.rs.
    private static let countsOfArc: UInt64 = 16

    static func search(_ records: inout [ThreadRecord], _ copies: [ThreadCopy]) {
        var waiters: [UInt64: Set<Int32>] = [:]
        for record in records {
            guard let futex = record.wait?.futex, futex.object == .mutex || futex.object == .readWriteLock, futex.ownerTID == nil else { continue }
            waiters[futex.objectAddress, default: []].insert(record.tid)
        }
        guard !waiters.isEmpty else { return }
        var found: [UInt64: Set<Int32>] = [:]
        for copy in copies {
            for address in addresses(in: copy).flatMap({ [$0, $0 &+ Self.countsOfArc] }) where waiters[address]?.contains(copy.tid) == false {
                found[address, default: []].insert(copy.tid)
            }
        }
        for row in records.indices {
            guard let address = records[row].wait?.futex?.objectAddress, waiters[address]?.contains(records[row].tid) == true else { continue }
            records[row].wait?.futex?.onStacksOf = (found[address] ?? []).sorted()
        }
    }

    private static func addresses(in copy: ThreadCopy) -> Set<UInt64> {
        var words = Set(copy.registers.enumerated().filter { copy.known & (1 << UInt32($0.offset)) != 0 }.map(\.element))
        // Aligned words from the stack pointer up: what lies below is dead.
        var at = 0
        copy.stack.withUnsafeBytes { bytes in
            while at + 8 <= bytes.count {
                words.insert(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                at += 8
            }
        }
        return words
    }
}
