/// Markup that is safe by construction: interpolated text is escaped, only literals and other markup go in as they are.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    private(set) var source: String

    init(stringLiteral value: String) { source = value }
    init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }
    private init(source: String) { self.source = source }

    static let empty: HTML = ""
    var isEmpty: Bool { source.isEmpty }

    static func += (left: inout HTML, right: HTML) { left.source += right.source }
    static func + (left: HTML, right: HTML) -> HTML { HTML(source: left.source + right.source) }

    /// Captured running text; what stands between backticks becomes code.
    static func rich(_ text: String, limit: Int = 800) -> HTML {
        var html = HTML.empty
        for span in CodeSpans.split(Escaping.clipped(text, to: limit)) {
            html += span.isCode ? "<code>\(span.text)</code>" : "\(span.text)"
        }
        return html
    }

    struct StringInterpolation: StringInterpolationProtocol {
        var source = ""

        init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity + interpolationCount * 24) }

        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ html: HTML) { source += html.source }
        mutating func appendInterpolation(_ text: String) { source += Escaping.html(Escaping.clipped(text, to: 2000)) }
        mutating func appendInterpolation(_ number: Int) { source += String(number) }
        /// A coordinate along an axis: two decimals, kept between 0 and 100, with its sign.
        mutating func appendInterpolation(percent: Double) { source += Units.fixed(min(max(percent.isFinite ? percent : 0, 0), 100), 2) + "%" }
        mutating func appendInterpolation(coordinate: Double) { source += Units.fixed(coordinate, 1) }
    }
}

extension Sequence<HTML> {
    func joined(_ separator: HTML = "") -> HTML {
        var html = HTML.empty
        for (index, part) in enumerated() {
            if index > 0 { html += separator }
            html += part
        }
        return html
    }
}
