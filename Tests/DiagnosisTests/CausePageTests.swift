import Foundation
import Testing
@testable import Diagnosis

/// docs/causes is the catalogue: `hangscope causes --write docs/causes` writes it anew.
@Suite struct CausePageTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/causes")

    @Test(arguments: Catalogue.markdownPages().map(\.name))
    func thePageInTheDocumentationIsTheCatalogues(_ name: String) throws {
        let page = try #require(Catalogue.markdownPages().first { $0.name == name })
        let written = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        #expect(written == page.text)
    }

    @Test func noPageIsLeftOver() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files) == Set(Catalogue.markdownPages().map(\.name)))
    }
}
