import Foundation

/// The files of this package, as they stand beside the tests.
enum SourceTree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct File {
        var path: String
        var text: String
        /// Without what stands in comments, so that prose is not taken for code.
        var code: [Substring] {
            text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
            }
        }
    }

    static func files(under folder: String, extensions: Set<String> = ["swift"]) -> [File] {
        let base = root.appendingPathComponent(folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.allObjects as? [String] ?? []
        return names.sorted().filter { extensions.contains(($0 as NSString).pathExtension) }.compactMap { name in
            guard let text = try? String(contentsOf: base.appendingPathComponent(name), encoding: .utf8) else { return nil }
            return File(path: "\(folder)/\(name)", text: text)
        }
    }
}
