internal import CLinux
internal import ProcessInspection

/// Searches memory for words that refer to given addresses.
///
/// Conservative: every aligned word counts that could be a reference, also with the bits set that
/// Swift uses for enum cases (the top byte and the lowest three, on x86-64).
struct ReferenceSearch {
    struct Reference: Hashable {
        var target: UInt64
        /// Address of the word that refers to it.
        var place: UInt64
    }
    struct Outcome {
        var references: [Reference] = []
        var shortfall: String?
    }
    let memory: any MemoryReader
    let ranges: [Range<UInt64>]
    var maximumReferences = 50_000
    private static let chunk_bytes = 1 << 20
    private static let spareBits: UInt64 = 0xff00_0000_0000_0007

    init(memory: any MemoryReader, ranges: [Range<UInt64>]) {
        self.memory = memory
        self.ranges = ranges
    }

    func references(to targets: Set<UInt64>, deadline: ContinuousClock.Instant) -> Outcome {
        var outcome = Outcome()
        guard !targets.isEmpty, let set = hs_address_set_create(Array(targets), targets.count) else { return outcome }
        defer { hs_address_set_destroy(set) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk_bytes, alignment: 64)
        defer { buffer.deallocate() }
        for range in ranges {
            var position = range.lowerBound
            while position < range.upperBound {
                if ContinuousClock.now >= deadline {
                    outcome.shortfall = "the search for references reached its deadline"
                    return outcome
                }
                let wanted = Int(min(UInt64(Self.chunk_bytes), range.upperBound - position))
                let slice = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
                guard let got = try? memory.read(at: position, into: slice) else {
                    position += min(4096, range.upperBound - position)
                    continue
                }
                collect(UnsafeRawBufferPointer(rebasing: slice[..<got]), at: position, set, into: &outcome)
                if outcome.references.count >= maximumReferences {
                    outcome.shortfall = "more than \(maximumReferences) references"
                    return outcome
                }
                position += UInt64(max(8, got & ~7))
            }
        }
        return outcome
    }

    private func collect(_ bytes: UnsafeRawBufferPointer, at base: UInt64, _ set: OpaquePointer, into outcome: inout Outcome) {
        guard let start = bytes.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 1024) { offsets in
            var next = 0
            while next + 8 <= bytes.count, outcome.references.count < maximumReferences {
                let hits = hs_find_references(
                    start, bytes.count, next, Self.spareBits, set, offsets.baseAddress, offsets.count, &next)
                for hit in offsets[..<hits] {
                    let word = bytes.loadUnaligned(fromByteOffset: Int(hit), as: UInt64.self)
                    outcome.references.append(Reference(target: word & ~Self.spareBits, place: base + UInt64(hit)))
                }
            }
        }
    }
}
