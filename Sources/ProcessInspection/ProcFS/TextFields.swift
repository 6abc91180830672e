/// Fields of a line of /proc, byte by byte: these files are read once for each thread, and cutting up strings by
/// their characters would take longer than all that the kernel does for them.
struct TextFields {
    private var rest: Substring.UTF8View

    init(_ text: Substring) { rest = text.utf8 }
    init(_ text: String) { rest = text[...].utf8 }

    /// The next field, up to a blank or the end of the line; nil at its end.
    mutating func next() -> Substring? {
        guard let start = rest.firstIndex(where: { !Self.isBlank($0) }), rest[start] != UInt8(ascii: "\n") else { rest = rest[rest.endIndex...]; return nil }
        let end = rest[start...].firstIndex { Self.isBlank($0) || $0 == UInt8(ascii: "\n") } ?? rest.endIndex
        defer { rest = rest[end...] }
        return Substring(rest[start..<end])
    }

    /// The next one as a number; nil where it is none.
    mutating func number<Number: FixedWidthInteger>(radix: Number = 10, _: Number.Type = Number.self) -> Number? {
        next().flatMap { Self.number($0, radix: radix) }
    }

    /// What follows the blanks after the last field taken, to the end of the line.
    mutating func remainder() -> Substring {
        let start = rest.firstIndex { !Self.isBlank($0) } ?? rest.endIndex
        return Substring(rest[start..<(rest[start...].firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex)])
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Digits alone, perhaps behind a sign or 0x; nil for anything else, and for what does not fit.
    static func number<Number: FixedWidthInteger>(_ text: Substring, radix: Number = 10) -> Number? {
        var digits = text.utf8
        let isNegative = Number.isSigned && digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        guard !digits.isEmpty else { return nil }
        var value: Number = 0
        for byte in digits {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: radix)
            guard digit < UInt8(truncatingIfNeeded: radix), !tooLarge else { return nil }
            let (sum, overflow) = isNegative ? product.subtractingReportingOverflow(Number(digit)) : product.addingReportingOverflow(Number(digit))
            guard !overflow else { return nil }
            value = sum
        }
        return value
    }
}
