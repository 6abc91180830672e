import FoundationEssentials

/// A row with stack frames: the same few frames come again in hundreds of threads and thousands of tasks.
protocol FrameRow: Encodable {
    /// The frames' name in JSON.
    static var framesKey: String { get }
    var frames: Observed<[Frame]> { get set }
}

extension ThreadRecord: FrameRow {
    static let framesKey = "stack"
    var frames: Observed<[Frame]> {
        get { stack }
        set { stack = newValue }
    }
}

extension TaskRecord: FrameRow {
    static let framesKey = "backtrace"
    var frames: Observed<[Frame]> {
        get { backtrace }
        set { backtrace = newValue }
    }
}

/// Writes rows as `EvidenceCoding.table` does, to the byte, but encodes equal frames once: most of the time that
/// writing the snapshot of a process with many threads takes would go into them.
struct FrameRowWriter {
    private let encoder = EvidenceCoding.encoder(pretty: false)
    private var known: [Key: [UInt8]] = [:]

    /// Equal frames have equal addresses: hashing more of them would take longer than writing them.
    private struct Key: Hashable {
        var frame: Frame
        func hash(into hasher: inout Hasher) { hasher.combine(frame.programCounter) }
    }

    mutating func append<Row: FrameRow>(_ row: Row, to data: inout [UInt8]) throws {
        let frames = row.frames.elements
        guard !frames.isEmpty else { return data.append(contentsOf: try encoder.encode(row)) }
        var bare = row
        bare.frames = row.frames.map { _ in [] }
        let shell = [UInt8](try encoder.encode(bare))
        // A quotation mark within a string is escaped, so these bytes are the keys and nothing else.
        guard let key = Self.end(of: "\"\(Row.framesKey)\":{", in: shell, from: 0), let empty = Self.end(of: "\"value\":[]", in: shell, from: key)
        else { return data.append(contentsOf: try encoder.encode(row)) }
        data.append(contentsOf: shell[..<(empty - 1)])
        for (index, frame) in frames.enumerated() {
            if index > 0 { data.append(UInt8(ascii: ",")) }
            data.append(contentsOf: try bytes(of: frame))
        }
        data.append(contentsOf: shell[(empty - 1)...])
    }

    private mutating func bytes(of frame: Frame) throws -> [UInt8] {
        let key = Key(frame: frame)
        if let bytes = known[key] { return bytes }
        let bytes = [UInt8](try encoder.encode(frame))
        known[key] = bytes
        return bytes
    }

    /// Where the first occurrence of a text ends.
    private static func end(of text: String, in bytes: [UInt8], from start: Int) -> Int? {
        let wanted = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { bytes in
            var at = start
            while at + wanted.count <= bytes.count {
                var matched = 0
                while matched < wanted.count, bytes[at + matched] == wanted[matched] { matched += 1 }
                if matched == wanted.count { return at + matched }
                at += 1
            }
            return nil
        }
    }
}
