import Diagnosis
import Evidence

/// junit.xml: one testsuite a scenario, one testcase a variant, as the common schema (Jenkins' junit-10.xsd) has them.
public struct JUnitRenderer: Renderer {
    public init() {}

    public func files(for report: RedactedReport) throws -> [RenderedFile] {
        let report = report.report
        var details: [String: String] = [:]
        for section in report.runs { details[section.variant] = Self.systemOut(section) }
        let text = Self.document(report.variantResults) { details[$0.variant] }
        return [RenderedFile(name: ReportFiles.junit, text: text)]
    }

    /// One document for many scenarios, in the order in which they come.
    ///
    /// - Parameter output: what to show of a variant as its output; nil for nothing.
    public static func document(_ results: [VariantResult], output: (VariantResult) -> String? = { _ in nil }) -> String {
        var suites: [(name: String, results: [VariantResult])] = []
        for result in results {
            if let index = suites.firstIndex(where: { $0.name == result.scenario }) {
                suites[index].results.append(result)
            } else {
                suites.append((result.scenario, [result]))
            }
        }
        var xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"hangscope\"\(totals(results))>\n"
        for suite in suites {
            xml += "  <testsuite name=\"\(attribute(suite.name))\"\(totals(suite.results)) skipped=\"\(suite.results.count(where: \.isSkipped))\">\n"
            for result in suite.results { xml += testcase(result, output: output(result)) }
            xml += "  </testsuite>\n"
        }
        return xml + "</testsuites>\n"
    }

    private static func totals(_ results: [VariantResult]) -> String {
        let failures = results.count { $0.status == .notMet }
        let errors = results.count { if case .error = $0.status { true } else { false } }
        let time = results.reduce(0) { $0 + seconds($1) }
        return " tests=\"\(results.count)\" failures=\"\(failures)\" errors=\"\(errors)\" time=\"\(Units.fixed(time, 3))\""
    }

    private static func testcase(_ result: VariantResult, output: String?) -> String {
        let open = "    <testcase name=\"\(attribute(result.variant))\" classname=\"\(attribute("hangscope.\(result.scenario)"))\" time=\"\(Units.fixed(seconds(result), 3))\""
        var body = ""
        switch result.status {
        case .met: break
        case .notMet:
            let lines = ["expected: \(result.expected)", "found: \(result.found)"] + result.problems
                + (result.directory.map { ["report: \($0)/\(ReportFiles.html)"] } ?? [])
            let message = result.problems.first ?? "expected \(result.expected), found \(result.found)"
            body += "      <failure message=\"\(attribute(message))\" type=\"expectation\">\(text(lines.joined(separator: "\n")))</failure>\n"
        case .skipped(let capability):
            body += "      <skipped message=\"\(attribute("missing: \(capability)"))\"/>\n"
        case .error(let message):
            body += "      <error message=\"\(attribute(message))\" type=\"run\"/>\n"
        }
        if let output, !result.isSkipped { body += "      <system-out>\(text(output))</system-out>\n" }
        return body.isEmpty ? open + "/>\n" : open + ">\n" + body + "    </testcase>\n"
    }

    private static func seconds(_ result: VariantResult) -> Double {
        guard let duration = result.duration_s, duration.isFinite else { return 0 }
        return min(max(duration, 0), 1e9)
    }

    private static func systemOut(_ section: RunSection) -> String {
        var lines = [section.assessment.sentence]
        if let root = section.assessment.root {
            for link in root.chain.prefix(30) { lines.append("-> \(link.label): \(link.detail)") }
            lines.append("remedy: \(root.remedy)")
        }
        return lines.joined(separator: "\n")
    }

    private static func attribute(_ text: String) -> String { Escaping.xml(Escaping.clipped(text, to: 600)) }

    /// Element text: line ends stay line ends.
    private static func text(_ text: String) -> String {
        Escaping.clipped(text, to: 8000).split(separator: "\n", omittingEmptySubsequences: false)
            .map { Escaping.xml(String($0)) }.joined(separator: "\n")
    }
}

extension VariantResult {
    var isSkipped: Bool { if case .skipped = status { true } else { false } }
}
