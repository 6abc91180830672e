import FoundationEssentials

/// Rows without their frames as JSON. Hundreds of threads of a pool differ in a few numbers only: what they have in common is encoded once,
/// with marks where the numbers go.
struct RowShells<Row: FrameRow> {
    /// Text, number, text, number ... text.
    private struct Shell {
        var texts: [ArraySlice<UInt8>]
        /// Which of the row's numbers follows each text but the last.
        var numbers: [Int]
    }

    /// Nothing else that is counted or numbered in a process comes near them. Where one is found elsewhere in a row all the same, that
    /// row is encoded by itself.
    private static var marks: [Int32] { [2_147_483_171, 2_147_483_269, 2_147_483_353, 2_147_483_477] }

    private var known: [Row: Shell?] = [:]

    /// - Parameter row: its frames left out.
    mutating func bytes(of row: Row, _ encoder: JSONEncoder) throws -> [UInt8] {
        var common = row
        let numbers = common.exchangeNumbers(for: Self.marks)
        guard !numbers.isEmpty else { return [UInt8](try encoder.encode(row)) }
        let shell: Shell?
        if let found = known[common] { shell = found } else {
            shell = Self.shell([UInt8](try encoder.encode(common)), count: numbers.count)
            known[common] = .some(shell)
        }
        guard let shell else { return [UInt8](try encoder.encode(row)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(shell.texts.reduce(32 * numbers.count) { $0 + $1.count })
        for (text, number) in zip(shell.texts, shell.numbers) {
            bytes += text
            bytes += String(numbers[number]).utf8
        }
        return bytes + (shell.texts.last ?? [])
    }

    /// nil where the marks are not each there once.
    private static func shell(_ bytes: [UInt8], count: Int) -> Shell? {
        var places: [(start: Int, end: Int, number: Int)] = []
        for (number, mark) in marks.prefix(count).enumerated() {
            let text = Array(String(mark).utf8)
            guard let end = bytes.firstEnd(of: text), bytes.firstEnd(of: text, from: end) == nil else { return nil }
            places.append((end - text.count, end, number))
        }
        places.sort { $0.start < $1.start }
        let starts = [0] + places.map(\.end), ends = places.map(\.start) + [bytes.count]
        return Shell(texts: zip(starts, ends).map { bytes[$0..<$1] }, numbers: places.map(\.number))
    }
}
