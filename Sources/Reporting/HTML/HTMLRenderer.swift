/// report.html.
public struct HTMLRenderer: Renderer {
    public init() {}
    public func files(for report: RedactedReport) throws -> [RenderedFile] { [] }
}
