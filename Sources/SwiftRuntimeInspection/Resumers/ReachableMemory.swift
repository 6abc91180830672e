internal import CLinux
internal import ProcessInspection

/// A copy of a process's writable memory, and what in it can be reached from places that somebody can act from.
///
/// Conservative: every aligned word counts that could be a reference, into the middle of an object too. What malloc has
/// taken back, and the stacks of threads that are gone, counts for nothing.
final class ReachableMemory {
    struct Hit: Hashable {
        var place: UInt64
        var target: UInt64
    }
    private let marker: OpaquePointer
    private let watched: OpaquePointer
    private var buffers: [UnsafeMutableRawBufferPointer] = []
    private(set) var pieces: [HeapMap.Piece] = []
    /// Why what cannot be reached is no proof.
    private(set) var shortfall: String?

    /// More writable memory than this is not searched.
    private static let maximum_bytes: UInt64 = 512 << 20

    /// - Parameter watched: addresses whose references are to be found.
    init?(watched addresses: [UInt64], pieces: [HeapMap.Piece], memory: any MemoryReader, touched: (any TouchedPages)?, deadline: ContinuousClock.Instant) {
        guard let watched = hs_address_set_create(addresses, addresses.count) else { return nil }
        guard let marker = hs_marker_create(watched) else {
            hs_address_set_destroy(watched)
            return nil
        }
        self.watched = watched
        self.marker = marker
        var total: UInt64 = 0
        for piece in pieces where piece.kind != .deadStack {
            var piece = piece
            // The part of a stack below its pointer, and pages that nobody ever touched, hold nothing.
            if case .stack(let from) = piece.kind { piece.range = max(piece.range.lowerBound, from & ~7)..<piece.range.upperBound }
            if case .other = piece.kind {
                for part in touched?.touchedRanges(in: piece.range) ?? [piece.range] { copy(HeapMap.Piece(range: part, kind: .other), memory, &total) }
            } else {
                copy(piece, memory, &total)
            }
            if total > Self.maximum_bytes { shortfall = "more than \(Self.maximum_bytes >> 20) MiB of memory: not searched" }
            if ContinuousClock.now >= deadline { shortfall = shortfall ?? "the search for references reached its deadline" }
            if shortfall != nil { break }
        }
        hs_marker_settle(marker)
    }

    deinit {
        hs_marker_destroy(marker)
        hs_address_set_destroy(watched)
        for buffer in buffers { buffer.deallocate() }
    }

    private func copy(_ piece: HeapMap.Piece, _ memory: any MemoryReader, _ total: inout UInt64) {
        let size = piece.range.upperBound - piece.range.lowerBound
        total += size
        guard total <= Self.maximum_bytes else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 16)
        buffers.append(buffer)
        guard let got = try? memory.read(at: piece.range.lowerBound, into: buffer), got > 0 else { return }
        if got < buffer.count { UnsafeMutableRawBufferPointer(rebasing: buffer[got...]).initializeMemory(as: UInt8.self, repeating: 0) }
        var piece = piece
        var first: UInt64 = 0
        if case .chunks(let place) = piece.kind { first = place }
        if hs_marker_add(marker, piece.range.lowerBound, buffer.baseAddress, buffer.count, first) != 0 { piece.kind = .other }
        pieces.append(piece)
    }

    /// Where code lies, for telling Dispatch's items.
    func setCode(_ ranges: [Range<UInt64>]) {
        let bounds = ranges.prefix(1000).flatMap { [$0.lowerBound, $0.upperBound] }
        hs_marker_code(marker, bounds, bounds.count / 2)
    }

    /// Memory of a task: entered only by `mark`.
    func bar(_ range: Range<UInt64>) { hs_marker_bar(marker, range.lowerBound, range.upperBound) }

    func mark(_ range: Range<UInt64>) { hs_marker_mark(marker, range.lowerBound, range.upperBound) }

    func mark(value: UInt64, at place: UInt64) { hs_marker_mark_word(marker, value, place) }

    func hits(from first: Int) -> [Hit] {
        var count = 0
        guard let hits = hs_marker_hits(marker, &count), first < count else { return [] }
        return (first..<count).map { Hit(place: hits[$0].place, target: hits[$0].target) }
    }

    /// The allocation in use that holds an address.
    func allocation(at address: UInt64) -> Range<UInt64>? {
        var end: UInt64 = 0
        let start = hs_marker_chunk(marker, address, &end)
        return start == 0 || end < start ? nil : start..<end
    }

    /// The word through which the allocation that holds `address` was first reached.
    func reachedFrom(_ address: UInt64) -> UInt64? {
        let place = hs_marker_reached_from(marker, address)
        return place == 0 ? nil : place
    }

    /// Starts of allocations in use whose word at `offset` refers to a watched address.
    func allocations(withWordAt offset: Int) -> [Hit] {
        let capacity = 1 << 16
        return withUnsafeTemporaryAllocation(of: hs_mark_hit.self, capacity: capacity) { hits in
            let count = hs_marker_find_word(marker, offset, hits.baseAddress, capacity)
            return hits[..<count].map { Hit(place: $0.place, target: $0.target) }
        }
    }
}
