/// How text is written: width, colour, and which sections beyond the answer itself.
public struct TextStyle: Sendable, Hashable {
    public enum Section: String, Sendable, Hashable, CaseIterable {
        case threads, tasks, sockets, locks, refuted, evidence
    }

    /// Columns of the terminal; lines are wrapped between 40 and 160.
    public var width: Int
    /// ANSI colours; the caller knows whether this is a terminal and NO_COLOR is unset.
    public var isColoured: Bool
    public var sections: Set<Section>

    public init(width: Int = 100, isColoured: Bool = false, sections: Set<Section> = []) {
        self.width = min(max(width, 40), 160)
        self.isColoured = isColoured
        self.sections = sections
    }

    /// Everything there is: `--verbose`.
    public static func verbose(width: Int = 100, isColoured: Bool = false) -> TextStyle {
        TextStyle(width: width, isColoured: isColoured, sections: Set(Section.allCases))
    }

    /// SGR parameters of ECMA-48.
    enum Colour: String {
        case bold = "1"
        case dim = "2"
        case red = "1;31"
        case green = "32"
        case yellow = "33"
    }

    func paint(_ text: String, _ colour: Colour) -> String {
        isColoured && !text.isEmpty ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }
}

/// Lines of text under construction; everything captured passes through `safe`.
struct TextLines {
    let style: TextStyle
    private(set) var lines: [String] = []

    init(style: TextStyle) { self.style = style }

    /// Captured text made harmless for a terminal and clipped.
    static func safe(_ text: String, limit: Int = 600) -> String { Escaping.terminal(Escaping.clipped(text, to: limit)) }

    /// A line as it is, not wrapped.
    mutating func line(_ text: String) { lines.append(text) }

    mutating func blank() { if lines.last?.isEmpty == false { lines.append("") } }

    mutating func heading(_ text: String) {
        blank()
        paragraph(text, colour: .bold)
    }

    /// Wraps already safe text; the first line is led by `lead`, the others indented as far.
    mutating func paragraph(_ text: String, lead: String = "", colour: TextStyle.Colour? = nil, leadColour: TextStyle.Colour? = nil) {
        let indent = String(repeating: " ", count: lead.count)
        let room = max(style.width - lead.count, 20)
        var isFirst = true
        for line in Self.wrap(text, width: room) {
            let painted = colour.map { style.paint(line, $0) } ?? line
            let front = isFirst ? (leadColour.map { style.paint(lead, $0) } ?? lead) : indent
            lines.append(front + painted)
            isFirst = false
        }
    }

    /// Breaks at spaces; a word longer than the width is broken where the width ends.
    static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var length = 0
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            var word = word[...]
            var count = word.count
            if length > 0, length + 1 + count <= width {
                line += " " + word
                length += 1 + count
                continue
            }
            if length > 0 { lines.append(line) }
            while count > width {
                lines.append(String(word.prefix(width)))
                word = word.dropFirst(width)
                count -= width
            }
            line = String(word)
            length = count
        }
        if length > 0 || lines.isEmpty { lines.append(line) }
        return lines
    }

    var text: String { lines.joined(separator: "\n") + "\n" }
}
