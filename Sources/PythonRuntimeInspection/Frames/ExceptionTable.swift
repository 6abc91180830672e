/// co_exceptiontable of Python 3.11 and later (Objects/exception_handling_notes.txt): for each range of
/// code its handler, and how much of the value stack stays when it is entered.
///
/// What stays is what is certainly alive while the range runs: the bound `__exit__` of each `with` around it,
/// the iterator of each loop.
struct ExceptionTable {
    private struct Entry {
        var range: Range<Int>
        var handler: Int
        var depth: Int
    }
    private let entries: [Entry]
    private static let limit = 4096

    init(_ bytes: [UInt8]) {
        var reader = TableReader(bytes)
        var entries: [Entry] = []
        while entries.count < Self.limit, let start = reader.bigNumber(), let length = reader.bigNumber(),
            let handler = reader.bigNumber(), let depth = reader.bigNumber()
        {
            entries.append(Entry(range: start..<(start + length), handler: handler, depth: depth >> 1))
        }
        self.entries = entries
    }

    /// Values that are alive on the stack of a frame that executes the code unit at `offset`.
    func depth(at offset: Int) -> Int {
        entries.last { $0.range.contains(offset) }?.depth ?? 0
    }

    /// Where an exception goes that the code unit at `offset` raises.
    func handler(at offset: Int) -> Int? { entries.last { $0.range.contains(offset) }?.handler }

    /// Where the statement began that put the value at `index` on the stack: the code unit before what it
    /// protects. A statement's ranges share their handler.
    func beginning(ofValue index: Int, at offset: Int) -> Int? {
        guard let last = entries.last(where: { $0.depth == index + 1 && $0.range.lowerBound <= offset }) else { return nil }
        return entries.first { $0.handler == last.handler && $0.depth == last.depth }.map { max(0, $0.range.lowerBound - 1) }
    }
}
