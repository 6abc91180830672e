/// Fits text for people into a width, in columns.
package enum TextWidth {
    /// Lines broken at spaces; what follows stands two columns further in than the line began.
    package static func wrapped(_ line: String, to width: Int) -> [String] {
        guard line.count > width, width > 20 else { return [line] }
        let indent = String(repeating: " ", count: line.prefix { $0 == " " }.count + 4)
        var lines: [String] = []
        var current = String(line.prefix { $0 == " " })
        var isFirst = true
        for word in line.drop(while: { $0 == " " }).split(separator: " ", omittingEmptySubsequences: false) {
            if !isFirst, current.count + 1 + word.count > width {
                lines.append(current)
                current = indent + word
            } else {
                current += (isFirst ? "" : " ") + word
            }
            isFirst = false
        }
        return lines + [current]
    }

    /// A place `f(_:) (File.swift:7)` cut in its middle, so that the file stays.
    package static func shortened(_ place: String, to width: Int) -> String {
        guard place.count > width else { return place }
        let file = place.lastIndex(of: "(").map { String(place[$0...]) } ?? ""
        let room = width - file.count - 2
        guard room >= 8, !file.isEmpty else { return width > 1 ? place.prefix(width - 1) + "…" : "" }
        return place.prefix(room) + "… " + file
    }
}
