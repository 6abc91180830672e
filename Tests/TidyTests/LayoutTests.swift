import Foundation
import Testing

/// The layout is the architecture: each target imports only what its row names.
@Suite struct LayoutTests {
    /// Our own targets that each target may import; the order is the order of the layers.
    static let allowed: [String: Set<String>] = [
        "Evidence": [],
        "WaitGraph": ["Evidence"],
        "Diagnosis": ["Evidence", "WaitGraph"],
        "Reporting": ["Evidence", "WaitGraph", "Diagnosis"],
        "Processes": ["Evidence", "CLinux"],
        "ProcessInspection": ["Evidence", "CLinux", "Processes"],
        // CLinux: the inner loop of the heap scan is C.
        "SwiftRuntimeInspection": ["Evidence", "ProcessInspection", "CLinux"],
        "PythonRuntimeInspection": ["Evidence", "ProcessInspection"],
        "JavaRuntimeInspection": ["Evidence", "ProcessInspection"],
        "Monitoring": ["Evidence", "Processes", "ProcessInspection"],
        "Faults": ["Evidence", "CLinux", "Processes"],
        "Scenario": ["Evidence"],
        "Archive": ["Evidence"],
        "Harness": ["Evidence", "Processes", "ProcessInspection", "SwiftRuntimeInspection", "Monitoring", "Faults", "Scenario", "Archive"],
        "Investigation": ["Evidence", "WaitGraph", "Diagnosis", "Processes", "ProcessInspection", "Monitoring", "Faults", "Scenario", "Archive", "Harness"],
        "JobSystem": [],
        "jobd": ["JobSystem"],
        "hangscope": [
            "Evidence", "WaitGraph", "Diagnosis", "Reporting", "Processes", "ProcessInspection", "SwiftRuntimeInspection", "PythonRuntimeInspection", "JavaRuntimeInspection", "Monitoring",
            "Faults", "Scenario", "Archive", "Harness", "Investigation",
        ],
    ]
    static let ours = Set(allowed.keys).union(["CLinux"])
    /// Values in, values out: they run anywhere.
    static let pure: Set<String> = ["Evidence", "WaitGraph", "Diagnosis", "Reporting"]

    struct Import: Hashable {
        var file: String
        var line: Int
        var module: String
    }

    /// Modules named by `import` declarations, with any access level and attributes.
    static func imports(of target: String) -> [Import] {
        let pattern = #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/#
        return SourceTree.files(under: "Sources/\(target)").flatMap { file in
            file.code.enumerated().compactMap { index, line in
                line.firstMatch(of: pattern).map { Import(file: file.path, line: index + 1, module: String($0.1)) }
            }
        }
    }

    @Test(arguments: allowed.keys.sorted())
    func importsOnlyWhatItsRowNames(target: String) throws {
        try #require(!SourceTree.files(under: "Sources/\(target)").isEmpty)
        for found in Self.imports(of: target) where Self.ours.contains(found.module) && found.module != target {
            #expect(Self.allowed[target]!.contains(found.module), "\(found.file):\(found.line) imports \(found.module)")
        }
    }

    @Test(arguments: pure.sorted())
    func pureTargetsImportAtMostFoundationEssentials(target: String) {
        for found in Self.imports(of: target) where !Self.ours.contains(found.module) {
            #expect(["FoundationEssentials", "Swift"].contains(found.module), "\(found.file):\(found.line) imports \(found.module)")
        }
    }

    /// One target knows the YAML parser, and none but the job system's the web server.
    @Test func librariesStayInTheirRooms() {
        let rooms: [String: Set<String>] = [
            "Yams": ["Scenario"], "CYaml": ["Scenario"], "GRDB": ["Archive", "JobSystem", "Monitoring", "Faults"], "Hummingbird": ["JobSystem"],
            "ArgumentParser": ["hangscope", "jobd", "JobSystem"], "Runtime": ["ProcessInspection", "SwiftRuntimeInspection"],
        ]
        for target in Self.allowed.keys {
            for found in Self.imports(of: target) {
                if let allowed = rooms[found.module] {
                    #expect(allowed.contains(target), "\(found.file):\(found.line) imports \(found.module)")
                }
            }
        }
    }

    @Test func everyTargetHasARow() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.appendingPathComponent("Sources").path)
        #expect(Set(folders.filter { !$0.hasPrefix(".") }) == Self.ours)
    }

    /// The manifest says the same, so that the compiler holds it too.
    @Test func theManifestNamesNoOtherDependency() throws {
        let manifest = try String(contentsOf: SourceTree.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        for match in manifest.matches(of: #/(?s)room\("(\w+)",\s*\[(.*?)\]/#) {
            let target = String(match.1)
            guard let allowed = Self.allowed[target] else { continue }
            for name in match.2.matches(of: #/"(\w+)"/#).map({ String($0.1) }) where Self.ours.contains(name) {
                #expect(allowed.contains(name), "\(target) depends on \(name)")
            }
        }
    }
}
