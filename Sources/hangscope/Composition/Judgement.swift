internal import ArgumentParser
internal import Diagnosis
internal import Evidence
internal import Foundation
internal import Reporting

#if canImport(Glibc)
    internal import Glibc
#endif

/// How an assessment is shown, and what exit code it means.
enum Judgement {
    /// 0: no hang; 1: a hang was found; 2: the verdict itself is unknown (DESIGN section 5).
    static func exitCode(_ verdict: Verdict) -> Int32 {
        switch verdict {
        case .hang: 1
        case .unknown: 2
        default: 0
        }
    }

    static func show(_ report: Report, format: OutputFormat, sections: Set<TextStyle.Section>, verbose: Bool) throws {
        switch format {
        case .json:
            for file in try JSONRenderer().render(report) { FileHandle.standardOutput.write(file.contents) }
        case .text:
            var style = verbose ? TextStyle.verbose() : TextStyle(sections: sections)
            style.isColoured = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
            FileHandle.standardOutput.write(Data(TextRenderer(style: style).text(report).utf8))
        }
    }

    static var now_s: Double { Date().timeIntervalSince1970 }
}

/// What the text shows beyond the answer itself.
struct DetailOptions: ParsableArguments {
    @Flag(help: "Show everything.")
    var verbose = false
    @Flag(help: "Show the threads, grouped by stack.")
    var threads = false
    @Flag(help: "Show the Swift tasks.")
    var tasks = false
    @Flag(help: "Show the connections.")
    var sockets = false

    var sections: Set<TextStyle.Section> {
        var sections: Set<TextStyle.Section> = []
        if threads { sections.insert(.threads) }
        if tasks { sections.insert(.tasks) }
        if sockets { sections.insert(.sockets) }
        return sections
    }
}
