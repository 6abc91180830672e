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
    private var known: [Frame: Data] = [:]

    mutating func encode<Row: FrameRow>(_ row: Row) throws -> Data {
        let frames = row.frames.elements
        guard !frames.isEmpty else { return try encoder.encode(row) }
        var bare = row
        bare.frames = row.frames.map { _ in [] }
        let shell = try encoder.encode(bare)
        // A quotation mark within a string is escaped, so these bytes are the keys and nothing else.
        guard let key = shell.firstRange(of: Data("\"\(Row.framesKey)\":{".utf8)),
            let empty = shell[key.upperBound...].firstRange(of: Data("\"value\":[]".utf8))
        else { return try encoder.encode(row) }
        var data = Data(shell[..<(empty.upperBound - 1)])
        for (index, frame) in frames.enumerated() {
            if index > 0 { data.append(UInt8(ascii: ",")) }
            data.append(try bytes(of: frame))
        }
        data.append(shell[(empty.upperBound - 1)...])
        return data
    }

    private mutating func bytes(of frame: Frame) throws -> Data {
        if let bytes = known[frame] { return bytes }
        let bytes = try encoder.encode(frame)
        known[frame] = bytes
        return bytes
    }
}
