/// Cuts a stream of bytes into lines of bounded length.
package struct LineSplitter: Sendable {
    package struct Line: Sendable, Hashable {
        /// Without the newline, at most `maximumLine` bytes.
        package var bytes: [UInt8]
        /// The line was longer; the rest is dropped.
        package var wasCut: Bool

        package init(bytes: [UInt8], wasCut: Bool = false) {
            self.bytes = bytes
            self.wasCut = wasCut
        }

        package var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    package let maximumLine: Int
    private var current: [UInt8] = []
    private var wasCut = false

    package init(maximumLine: Int = 65_536) { self.maximumLine = maximumLine }

    package mutating func append(_ bytes: ArraySlice<UInt8>) -> [Line] {
        var lines: [Line] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            take(rest[rest.startIndex..<end])
            lines.append(Line(bytes: current, wasCut: wasCut))
            current = []
            wasCut = false
            rest = rest[(end + 1)...]
        }
        take(rest)
        return lines
    }

    /// The last line, when it had no newline.
    package mutating func finish() -> Line? {
        guard !current.isEmpty || wasCut else { return nil }
        defer { (current, wasCut) = ([], false) }
        return Line(bytes: current, wasCut: wasCut)
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        let room = maximumLine - current.count
        current.append(contentsOf: bytes.prefix(room))
        if bytes.count > room { wasCut = true }
    }
}
