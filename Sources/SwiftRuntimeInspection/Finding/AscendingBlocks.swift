/// Numbers of `HeapBlocks.size_bytes` blocks, each once, collected in ascending order of address.
package struct AscendingBlocks: Sendable {
    package private(set) var numbers: [UInt64] = []

    package init() {}

    /// Adds the blocks of `reach` bytes from `address` on; addresses must not descend.
    mutating func insert(_ address: UInt64, reach: UInt64) {
        let first = address / HeapBlocks.size_bytes
        let last = (address &+ reach) / HeapBlocks.size_bytes
        guard first <= last else { return }
        for number in first...last where numbers.last.map({ $0 < number }) ?? true { numbers.append(number) }
    }

    mutating func append(_ other: AscendingBlocks) {
        for number in other.numbers where numbers.last.map({ $0 < number }) ?? true { numbers.append(number) }
    }
}
