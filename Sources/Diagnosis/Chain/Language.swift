import Evidence
import WaitGraph

/// What a process is written in, from the runtimes and libraries that it has loaded and the files its stacks name.
enum Language {
    case python, java, node, swift, rust, perl, shell, native

    /// nil for runtimes of which nothing more is known here, and where the process was not looked at.
    static func of(_ pid: Int32, _ index: SnapshotIndex) -> Language? {
        guard let process = index.process(pid) else { return nil }
        let runtimes = process.runtimes.map { $0.lowercased() }
        for (name, language) in [("python", Language.python), ("java", .java), ("node", .node), ("swift", .swift)] where runtimes.contains(where: { $0.hasPrefix(name) }) {
            return language
        }
        let program = process.executable.flatMap { $0.split(separator: "/").last }.map(String.init) ?? process.name
        if program.hasPrefix("perl") { return .perl }
        if ["bash", "dash", "sh", "zsh", "ksh", "busybox"].contains(program) { return .shell }
        guard runtimes.isEmpty else { return nil }
        let isRust = index.threads(of: pid).prefix(64).contains { $0.stack.elements.contains { $0.file?.hasPrefix("/rustc/") == true } }
        return isRust ? .rust : .native
    }

    static func uses(_ library: String, _ pid: Int32, _ index: SnapshotIndex) -> Bool {
        index.snapshot.modules.elements.contains { $0.pid == pid && $0.path.contains(library) }
    }
}
