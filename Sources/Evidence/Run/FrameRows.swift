import FoundationEssentials

/// A row with stack frames: the same few frames come again in hundreds of threads and thousands of tasks.
protocol FrameRow: Encodable, Hashable {
    /// The frames' name in JSON.
    static var framesKey: String { get }
    var frames: Observed<[Frame]> { get set }
    /// Puts `marks` in the place of the numbers in which rows differ that are alike otherwise, as many as there are, and gives those numbers.
    mutating func exchangeNumbers(for marks: [Int32]) -> [UInt64]
}

extension FrameRow {
    mutating func exchangeNumbers(for marks: [Int32]) -> [UInt64] { [] }
}

extension ThreadRecord: FrameRow {
    static let framesKey = "stack"
    var frames: Observed<[Frame]> {
        get { stack }
        set { stack = newValue }
    }

    mutating func exchangeNumbers(for marks: [Int32]) -> [UInt64] {
        guard tid >= 0 else { return [] }
        var numbers = [UInt64(tid)]
        tid = marks[0]
        func exchange(_ number: inout UInt64) {
            let mark = UInt64(clamping: marks[numbers.count])
            numbers.append(number)
            number = mark
        }
        if voluntarySwitches != nil { exchange(&voluntarySwitches!) }
        if involuntarySwitches != nil { exchange(&involuntarySwitches!) }
        if syscall != nil { exchange(&syscall!.stackPointer) }
        return numbers
    }
}

extension TaskRecord: FrameRow {
    static let framesKey = "backtrace"
    var frames: Observed<[Frame]> {
        get { backtrace }
        set { backtrace = newValue }
    }
}

/// What frames are called in tables.
enum FrameRowKeys {
    static let all: Set = [ThreadRecord.framesKey, TaskRecord.framesKey]
}

/// Frames by the number of the row that has them, while a table is read: rows further down may say that theirs are the same.
/// Made for one decoding, and touched by the thread that decodes only.
final class SharedFrames: @unchecked Sendable {
    static let key = CodingUserInfoKey(rawValue: "hangscope.sharedFrames")!
    var rows: [Int: [Frame]] = [:]
}

/// Writes rows as `EvidenceCoding.table` does, but equal frames once: most of the time that writing the snapshot of a process with many
/// threads takes would go into them, and most of its size. Instead of its `value`, a stack that a row before has too has the number of
/// that row as `sameAs`.
struct FrameRowWriter<Row: FrameRow> {
    private let encoder = EvidenceCoding.encoder(pretty: false)
    private var shells = RowShells<Row>()
    private var frames: [FrameKey: [UInt8]] = [:]
    private var rows: [StackKey: Int] = [:]

    /// Equal frames have equal addresses: hashing more of them would take longer than writing them.
    private struct FrameKey: Hashable {
        var frame: Frame
        func hash(into hasher: inout Hasher) { hasher.combine(frame.programCounter) }
    }

    /// Comparing arrays that share their elements, as equal stacks of one snapshot do, takes no time.
    private struct StackKey: Hashable {
        var frames: [Frame]
        func hash(into hasher: inout Hasher) {
            for frame in frames.prefix(4) { hasher.combine(frame.programCounter) }
            for frame in frames.suffix(4) { hasher.combine(frame.programCounter) }
            hasher.combine(frames.count)
        }
    }

    /// - Parameter number: the row's, in the table.
    mutating func append(_ row: Row, number: Int, to data: inout [UInt8]) throws {
        let frames = row.frames.elements
        guard !frames.isEmpty else { return data.append(contentsOf: try encoder.encode(row)) }
        var bare = row
        bare.frames = row.frames.map { _ in [] }
        let shell = try shells.bytes(of: bare, encoder)
        // A quotation mark within a string is escaped, so these bytes are the keys and nothing else.
        let value = Array("\"value\":[]".utf8)
        guard let key = shell.firstEnd(of: Array("\"\(Row.framesKey)\":{".utf8)), let end = shell.firstEnd(of: value, from: key)
        else { return data.append(contentsOf: try encoder.encode(row)) }
        let stack = StackKey(frames: frames)
        if let same = rows[stack] {
            data.append(contentsOf: shell[..<(end - value.count)])
            data.append(contentsOf: "\"sameAs\":\(same)".utf8)
            data.append(contentsOf: shell[end...])
            return
        }
        rows[stack] = number
        data.append(contentsOf: shell[..<(end - 1)])
        for (index, frame) in frames.enumerated() {
            if index > 0 { data.append(UInt8(ascii: ",")) }
            data.append(contentsOf: try bytes(of: frame))
        }
        data.append(contentsOf: shell[(end - 1)...])
    }

    private mutating func bytes(of frame: Frame) throws -> [UInt8] {
        let key = FrameKey(frame: frame)
        if let bytes = frames[key] { return bytes }
        let bytes = [UInt8](try encoder.encode(frame))
        frames[key] = bytes
        return bytes
    }
}

extension [UInt8] {
    /// Where the first occurrence of a text ends.
    func firstEnd(of wanted: [UInt8], from start: Int = 0) -> Int? {
        withUnsafeBufferPointer { bytes in
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
