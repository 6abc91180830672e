internal import Evidence

/// Reads scenario files into plans; everything that is wrong with a file is told at once.
package struct ScenarioLoader: Sendable {
    package var vocabulary: Vocabulary

    package init(vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    /// - Throws: `ScenarioProblems`, in the order of the file.
    package func load(path: String) throws(ScenarioProblems) -> Plan {
        let bytes: [UInt8]
        do {
            bytes = try ScenarioFolder.read(path, limit_bytes: YamlReader.sizeLimit_bytes)
        } catch {
            throw ScenarioProblems([
                .init(code: .unreadable, file: path, position: .init(line: 1, column: 1), message: error.message, hint: error.hint)
            ])
        }
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return try read(bytes, file: path, folder: folder)
    }

    /// - Parameters:
    ///   - file: how messages call it.
    ///   - folder: where relative paths are resolved.
    package func read(_ bytes: [UInt8], file: String, folder: String) throws(ScenarioProblems) -> Plan {
        let problems = Problems(file: file)
        let reader = PlanReader(vocabulary: vocabulary, problems: problems, folder: ScenarioFolder(folder))
        guard let root = YamlReader.read(bytes, problems: problems) else { throw ScenarioProblems(problems.all) }
        guard let plan = reader.plan(root), problems.isEmpty else { throw ScenarioProblems(problems.all) }
        return plan
    }
}
