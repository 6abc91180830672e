/// co_linetable of Python 3.11 and later: source lines by code unit (Objects/locations.md).
struct LineTable {
    private let bytes: [UInt8]
    private let firstLine: Int

    init(_ bytes: [UInt8], firstLine: Int) {
        self.bytes = bytes
        self.firstLine = firstLine
    }

    /// The line of the code unit at `offset`; nil where it has none.
    func line(at offset: Int) -> Int? {
        var found: Int?
        visit { unit, length, line in
            guard offset < unit + length else { return true }
            found = line
            return false
        }
        return found
    }

    /// Where the statement around the code unit at `offset` may begin: what it has put on the stack was loaded since. A call that spans
    /// several lines comes back to its first line at the end.
    func statementStart(at offset: Int) -> Int {
        var rows: [(unit: Int, line: Int)] = []
        visit { unit, _, line in
            if let line { rows.append((unit, line)) }
            return rows.count < 1 << 15
        }
        guard let here = rows.lastIndex(where: { $0.unit <= offset }) else { return offset }
        let rest = rows[here...].prefix { $0.line <= rows[here].line }
        let first = rest.map(\.line).min() ?? rows[here].line
        return rows[...here].reversed().prefix { $0.line >= first }.last?.unit ?? offset
    }

    /// Calls `body` for each entry with its first unit, its length and its line, until it says no.
    private func visit(_ body: (_ unit: Int, _ length: Int, _ line: Int?) -> Bool) {
        var reader = TableReader(bytes)
        var line = firstLine
        var unit = 0
        while let first = reader.next() {
            let code = Int(first >> 3 & 15)
            let length = Int(first & 7) + 1
            var hasLine = true
            switch code {
            case 0...9: _ = reader.next()
            case 10...12:
                line += code - 10
                _ = reader.next()
                _ = reader.next()
            case 13: line &+= reader.signedNumber()
            case 14:
                line &+= reader.signedNumber()
                for _ in 0..<3 { _ = reader.number() }
            default: hasLine = false
            }
            guard body(unit, length, hasLine && line >= 0 ? line : nil) else { return }
            unit += length
        }
    }
}

/// Reads the variable-length numbers of code tables: six bits a byte, bit 6 says that more follow.
struct TableReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }

    /// Least significant part first, as in co_linetable.
    mutating func number() -> Int {
        var value = 0
        for part in 0..<8 {
            guard let byte = next() else { break }
            value |= Int(byte & 63) << (6 * part)
            if byte & 64 == 0 { break }
        }
        return value
    }

    mutating func signedNumber() -> Int {
        let value = number()
        return value & 1 == 1 ? -(value >> 1) : value >> 1
    }

    /// Most significant part first, as in co_exceptiontable.
    mutating func bigNumber() -> Int? {
        var value = 0
        for _ in 0..<8 {
            guard let byte = next() else { return nil }
            value = value << 6 | Int(byte & 63)
            if byte & 64 == 0 { return value }
        }
        return nil
    }
}
