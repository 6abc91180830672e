internal import Evidence
internal import FoundationEssentials

/// One reproduction in the index: all of it stands in its directory too.
package struct RunIndexEntry: Codable, Sendable, Hashable {
    /// Under the folder of all reports.
    package var path: String
    package var scenario: String
    package var time: String
    package var variants: [String]
    /// Of the hanging variant, as verdict.json says; nil before it was judged.
    package var verdict: String?
    package var root: String?

    package init(path: String, scenario: String, time: String, variants: [String], verdict: String? = nil, root: String? = nil) {
        self.path = path
        self.scenario = scenario
        self.time = time
        self.variants = variants
        self.verdict = verdict
        self.root = root
    }

    /// nil for a directory that holds no run.
    init?(_ report: ReportDirectory, root folder: String) {
        let variants = report.variants()
        guard !variants.isEmpty, report.path.hasPrefix(folder + "/") else { return nil }
        let relative = String(report.path.dropFirst(folder.count + 1))
        let parts = relative.split(separator: "/")
        guard parts.count >= 2 else { return nil }
        self.init(path: relative, scenario: String(parts[parts.count - 2]), time: String(parts[parts.count - 1]), variants: variants)
        guard let data = report.read(ReportDirectory.File.verdict),
            let value = try? EvidenceCoding.decode(JSONValue.self, from: data, name: ReportDirectory.File.verdict).object
        else { return }
        // One assessment, or one for each variant.
        let assessment = value["verdict"]?.string != nil ? value : (value["variants"]?.object ?? value)["hanging"]?.object ?? [:]
        verdict = assessment["verdict"]?.string
        root = assessment["findings"]?.array?.first { $0.object?["role"]?.string == "root" }?.object?["cause"]?.string
    }
}
