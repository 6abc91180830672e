import Evidence
import Foundation
import Testing

/// The scenarios that are shipped are right, by the command that checks those of others.
@Suite struct ShippedScenarioTests {
    @Test func everyScenarioLints() throws {
        let result = try BuiltBinary.run("hangscope", ["scenario", "lint", "scenarios"])
        #expect(result.status == 0, "\(result.output)\(result.error)")
        // The job system was asked: its names were checked too.
        #expect(!result.error.contains("warning"), "\(result.error)")
    }

    @Test func everyScenarioSaysWhatItShows() throws {
        let files = SourceTree.files(under: "scenarios", extensions: ["yaml"])
        #expect(files.count >= 11)
        for file in files {
            let head = file.text.split(separator: "\n").prefix { $0.hasPrefix("#") }
            #expect(head.count >= 3, "\(file.path) begins without a comment on what happened")
            let name = ((file.path as NSString).lastPathComponent as NSString).deletingPathExtension
            #expect(file.text.contains("\nname: \(name)\n"), "\(file.path) has another name inside")
        }
    }

    @Test func theSchemaIsJSONAndKnowsTheFaults() throws {
        let result = try BuiltBinary.run("hangscope", ["scenario", "schema"])
        #expect(result.status == 0)
        let schema = try EvidenceCoding.decode(JSONValue.self, from: Data(result.output.utf8), name: "schema")
        let fault = schema.object?["$defs"]?.object?["fault"]?.object?["properties"]?.object
        #expect(fault?["stall"] != nil)
        #expect(fault?["lock-database"] != nil)
    }

    @Test func whatNewWritesLints() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hangscope-new-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, command) in [("fresh", []), ("own", ["--", "./import", "--name", "say \"hi\"\\"])] {
            let path = folder.appendingPathComponent("\(name).yaml").path
            let written = try BuiltBinary.run("hangscope", ["scenario", "new", name, "--output", path] + command)
            #expect(written.status == 0, "\(written.error)")
            let linted = try BuiltBinary.run("hangscope", ["scenario", "lint", path])
            #expect(linted.status == 0, "\(linted.output)\(linted.error)")
            // Nobody's file is written over.
            #expect(try BuiltBinary.run("hangscope", ["scenario", "new", name, "--output", path]).status == 64)
        }
    }

    /// Each cause has a page with something on it, and names a scenario only where there is one.
    @Test func everyCauseHasAPage() throws {
        let result = try BuiltBinary.run("hangscope", ["causes", "--format", "json"])
        let pages = try EvidenceCoding.decode([[String: JSONValue]].self, from: Data(result.output.utf8), name: "causes")
        #expect(pages.compactMap { $0["cause"]?.string } == Cause.allCases.map(\.rawValue))
        for page in pages {
            for part in ["title", "meaning", "supports", "refutes", "remedy"] {
                #expect((page[part]?.string ?? "").count > 10, "\(page["cause"]?.text ?? "?") has no \(part)")
            }
            if let scenario = page["scenario"]?.string {
                let path = SourceTree.root.appendingPathComponent("scenarios/\(scenario).yaml").path
                #expect(FileManager.default.fileExists(atPath: path), "\(page["cause"]?.text ?? "?") names \(scenario), which is not shipped")
            }
        }
        #expect(try BuiltBinary.run("hangscope", ["causes", "peer-staled"]).status == 64)
    }

    @Test func mistakesExitWith64AndSayWhere() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("hangscope-bad-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("schema: 1\nname: bad\ntitel: x\n".utf8).write(to: URL(fileURLWithPath: path))
        let result = try BuiltBinary.run("hangscope", ["scenario", "lint", path])
        #expect(result.status == 64)
        #expect(result.output.contains("\(path):3:1: error: unknown key `titel` in a scenario. Did you mean `title`?"))
        let json = try BuiltBinary.run("hangscope", ["scenario", "lint", "--format", "json", path])
        #expect(try EvidenceCoding.decode(JSONValue.self, from: Data(json.output.utf8), name: "lint").array?.isEmpty == false)
    }
}
