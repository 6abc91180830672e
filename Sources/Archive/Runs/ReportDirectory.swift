package import FoundationEssentials
internal import Evidence

/// The directory of one reproduction: `reports/<scenario>/<time>/`, with a folder for each variant.
package struct ReportDirectory: Sendable, Hashable {
    /// Names of its files beside the variants' folders.
    package enum File {
        package static let scenario = "scenario.yaml"
        package static let plan = "plan.json"
        package static let run = "run.json"
        package static let verdict = "verdict.json"
        package static let html = "report.html"
        package static let markdown = "report.md"
        package static let junit = "junit.xml"
        package static let trace = "trace.json"
        /// What was armed, switched and healed, when: never read by rules.
        package static let truth = "truth"
    }

    /// Link beside the times, to the newest.
    package static let latest = "latest"

    package let path: String

    /// One that exists, or is made by the first write.
    package init(path: String) { self.path = path }

    /// Makes `root/scenario/time`; a run in the same second gets a name of its own.
    ///
    /// - Parameter time: such as `2026-11-21T03-14-45Z`, sorting as time does.
    package static func make(under root: String, scenario: String, time: String) throws(ArchiveError) -> ReportDirectory {
        let parent = "\(root)/\(safe(scenario))"
        try AtomicFile.makeDirectory(parent)
        for attempt in 1...1000 {
            let name = attempt == 1 ? safe(time) : "\(safe(time))-\(attempt)"
            if try AtomicFile.makeNewDirectory("\(parent)/\(name)") { return ReportDirectory(path: "\(parent)/\(name)") }
        }
        throw ArchiveError(code: .inputOutput, message: "no free name for a new run", path: parent, remedy: "Remove old runs.")
    }

    /// Points `latest` beside it here; call it when the run is worth finding.
    package func markLatest() throws(ArchiveError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        try AtomicFile.link("\(path[..<slash])/\(Self.latest)", to: String(path[path.index(after: slash)...]))
    }

    /// Writes a file whole; `name` may hold folders, such as `truth/faults.json`.
    package func write(_ contents: Data, as name: String) throws(ArchiveError) {
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw ArchiveError(code: .inputOutput, message: "the name leads out of the report", path: name, remedy: "Use a name inside the report's folder.")
        }
        let full = path + "/" + name
        try AtomicFile.makeDirectory(String(full[..<full.lastIndex(of: "/")!]))
        try AtomicFile.write(contents, to: full)
    }

    /// A file's contents; nil when there is none, or it cannot be read.
    package func read(_ name: String, limit_bytes: Int = RunReader.headerLimit_bytes) -> Data? {
        try? BoundedFile.read(path + "/" + name, limit_bytes: limit_bytes).contents
    }

    /// The folder of a variant's run.
    package func variant(_ name: String) -> String { "\(path)/\(Self.safe(name))" }

    /// Names of the variants that were recorded: hanging, working, fixed, then others.
    package func variants() -> [String] {
        let order = ["hanging", "working", "fixed"]
        let names = BoundedFile.names(in: path).filter { name in
            let folder = "\(path)/\(name)"
            guard name != File.truth, BoundedFile.isDirectory(folder), !BoundedFile.isLink(folder) else { return false }
            let inside = BoundedFile.names(in: folder)
            return inside.contains(RunFile.header) || inside.contains(RunFile.events) || inside.contains(RunFile.snapshots)
        }
        return order.filter(names.contains) + names.filter { !order.contains($0) }
    }

    /// True for the directory of a reproduction, false for that of a single run.
    package static func isReport(_ path: String) -> Bool { !ReportDirectory(path: path).variants().isEmpty }

    /// A name that stays one folder whatever it holds.
    static func safe(_ name: String) -> String {
        let kept = String(name.prefix(100).map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "_" })
        return kept.isEmpty || kept.hasPrefix(".") ? "_" + kept.drop { $0 == "." } : kept
    }
}
