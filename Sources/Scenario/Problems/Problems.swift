/// Gathers what is wrong with one file while it is read, so that all of it is told at once.
///
/// Variants share most of their text, so the same problem is met several times: it is kept once.
final class Problems {
    /// Beyond this a file is simply not a scenario.
    static let limit = 100

    let file: String
    private var seen: Set<ScenarioProblem> = []

    init(file: String) { self.file = file }

    var isEmpty: Bool { seen.isEmpty }

    /// In the order of the file.
    var all: [ScenarioProblem] {
        seen.sorted { ($0.position, $0.message) < ($1.position, $1.message) }
    }

    func report(_ code: ScenarioProblem.Code, at position: Position, _ message: String, hint: String?) {
        guard seen.count < Self.limit else { return }
        seen.insert(.init(code: code, file: file, position: position, message: printable(message), hint: hint.map(printable)))
    }

    /// An unknown name, with the nearest known one, or all of them where they are few.
    func reportUnknown(
        _ code: ScenarioProblem.Code = .unknownName, at position: Position, _ what: String, _ name: String, known: [String]
    ) {
        report(code, at: position, "unknown \(what) `\(clipped(name, to: 64))`", hint: suggestion(for: name, among: known, what: what))
    }
}
