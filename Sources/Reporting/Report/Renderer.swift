public import FoundationEssentials

/// Turns a report into files; pure, total, bounded, and escaping for its own sink.
///
/// Implementations get the report with its secrets already taken out.
public protocol Renderer: Sendable {
    func files(for report: RedactedReport) throws -> [RenderedFile]
}

extension Renderer {
    public func render(_ report: Report) throws -> [RenderedFile] {
        try files(for: RedactedReport(report))
    }
}

/// A file of a report: its name within the report's directory, and what is in it.
public struct RenderedFile: Sendable, Hashable {
    public var name: String
    public var contents: Data

    public init(name: String, contents: Data) {
        self.name = name
        self.contents = contents
    }

    public init(name: String, text: String) {
        self.init(name: name, contents: Data(text.utf8))
    }

    public var text: String { String(decoding: contents, as: UTF8.self) }
}

/// The files every report directory gets, in the order they are written.
public enum ReportFiles {
    public static let json = "verdict.json"
    public static let html = "report.html"
    public static let markdown = "report.md"
    public static let junit = "junit.xml"
    public static let trace = "trace.json"
    public static let text = "report.txt"

    public static var renderers: [any Renderer] {
        [JSONRenderer(), HTMLRenderer(), MarkdownRenderer(), JUnitRenderer(), TraceRenderer()]
    }

    /// All of them, with the secrets looked for only once.
    public static func all(for report: Report) throws -> [RenderedFile] {
        let redacted = RedactedReport(report)
        return try renderers.flatMap { try $0.files(for: redacted) }
    }
}
