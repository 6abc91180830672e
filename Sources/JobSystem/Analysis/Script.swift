/// A script, cut into the chunks that are analysed one by one.
package struct Script: Sendable, Equatable {
    package var chunks: [String]

    /// Cuts at blank lines, or after `chunkWords` words each where that is not 0.
    package init(_ text: String, chunkWords: Int) {
        if chunkWords > 0 {
            let words = text.split(whereSeparator: \.isWhitespace)
            chunks = stride(from: 0, to: words.count, by: chunkWords).map {
                words[$0..<min($0 + chunkWords, words.count)].joined(separator: " ")
            }
            return
        }
        var chunks: [String] = []
        var lines: [Substring] = []
        let all: [Substring] = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) + [""]
        for line in all {
            if !line.allSatisfy(\.isWhitespace) {
                lines.append(line)
            } else if !lines.isEmpty {
                chunks.append(lines.joined(separator: "\n"))
                lines = []
            }
        }
        self.chunks = chunks
    }
}
