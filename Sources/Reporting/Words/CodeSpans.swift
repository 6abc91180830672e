/// Splits running text at its backticks: findings set names of functions and events between them.
enum CodeSpans {
    struct Span: Hashable {
        var text: String
        var isCode: Bool
    }

    /// A backtick without a partner stays as it is.
    static func split(_ text: String) -> [Span] {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        var spans: [Span] = []
        for (index, part) in parts.enumerated() {
            let isCode = index % 2 == 1
            if isCode, index == parts.count - 1 {
                spans.append(Span(text: "`" + part, isCode: false))
            } else if !part.isEmpty {
                spans.append(Span(text: String(part), isCode: isCode))
            }
        }
        return spans
    }
}
