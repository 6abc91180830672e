extension ProcessRecord {
    /// Its name, and where that is an interpreter's the script that it runs: `python3 importer.py`.
    public var title: String {
        guard let script = arguments.dropFirst().first(where: { !$0.hasPrefix("-") })?.split(separator: "/").last.map(String.init),
            script.utf8.count <= 64, script != name, let dot = script.lastIndex(of: "."), Self.scripts.contains(String(script[dot...])),
            script.allSatisfy({ $0.isLetter || $0.isNumber || "._-+".contains($0) })
        else { return name }
        return "\(name) \(script)"
    }

    private static let scripts: Set = [".py", ".js", ".mjs", ".cjs", ".ts", ".sh", ".bash", ".rb", ".pl", ".php", ".lua", ".jar", ".awk", ".tcl"]
}
