public import FoundationEssentials

/// How evidence becomes JSON and back: sorted keys, so that equal evidence is equal bytes.
public enum EvidenceCoding {
    public static func encoder(pretty: Bool = true) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    /// A table as a JSON array with one row a line, so that diffs and greps work.
    public static func table<Row: Encodable>(_ rows: [Row]) throws -> Data {
        let encoder = encoder(pretty: false)
        return Data(try bytes(rows) { _, row, data in data.append(contentsOf: try encoder.encode(row)) })
    }

    /// The same in pieces that follow each other, which may be made at the same time.
    static func pieces<Row: FrameRow & Sendable>(_ rows: [Row]) -> [@Sendable () throws -> [UInt8]] {
        // Equal frames are written once for each piece: few pieces, and one where there is little to do.
        let size = rows.count < 128 ? max(1, rows.count) : (rows.count + 1) / 2
        let starts = Array(stride(from: 0, to: max(1, rows.count), by: size))
        return starts.map { start in
            {
                var writer = FrameRowWriter<Row>()
                let part = rows[start..<min(start + size, rows.count)]
                return try bytes(part, opens: start == 0, closes: start == starts.last) { number, row, data in
                    try writer.append(row, number: start + number, to: &data)
                }
            }
        }
    }

    private static func bytes<Rows: Collection>(
        _ rows: Rows, opens: Bool = true, closes: Bool = true, append: (_ number: Int, Rows.Element, inout [UInt8]) throws -> Void
    ) rethrows -> [UInt8] {
        var data = opens ? Array("[".utf8) : []
        for (index, row) in rows.enumerated() {
            data.append(contentsOf: opens && index == 0 ? "\n".utf8 : ",\n".utf8)
            try append(index, row, &data)
        }
        if closes { data.append(contentsOf: "\n]\n".utf8) }
        return data
    }

    /// One line of a .jsonl file, newline included.
    public static func line<Row: Encodable>(_ row: Row) throws -> Data {
        var data = try encoder(pretty: false).encode(row)
        data.append(UInt8(ascii: "\n"))
        return data
    }

    /// Decodes, and says which file was at fault when that fails.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data, name: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        decoder.userInfo[SharedFrames.key] = SharedFrames()
        do {
            return try decoder.decode(type, from: data)
        } catch {
            throw EvidenceError(
                code: "evidence-damaged", message: "\(name) is not what it should be: \(String(describing: error).prefix(300))",
                remedy: "The file was cut short or edited; capture again, or remove it to diagnose without it.")
        }
    }

    /// The rows of a .jsonl file; lines that do not decode (a last one cut short by a crash) are counted, not fatal.
    public static func lines<Row: Decodable>(_ type: Row.Type, from data: Data) -> (rows: [Row], damaged: Int) {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        var rows: [Row] = []
        var damaged = 0
        for line in data.split(separator: UInt8(ascii: "\n")) {
            if let row = try? decoder.decode(type, from: Data(line)) { rows.append(row) } else { damaged += 1 }
        }
        return (rows, damaged)
    }
}

/// Recorded evidence that cannot be read.
public struct EvidenceError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: String
    public var message: String
    /// What to do next.
    public var remedy: String

    public init(code: String, message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(message) [\(code)]. \(remedy)" }
}
