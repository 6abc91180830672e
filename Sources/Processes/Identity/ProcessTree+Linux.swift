package import Evidence
internal import Glibc

/// Who is whose child, read from /proc at one time.
package struct ProcessTree: Sendable {
    package private(set) var processes: [Int32: ProcessStat] = [:]

    /// Reads /proc; a process that goes away meanwhile is left out.
    package static func current() -> ProcessTree {
        var tree = ProcessTree()
        guard let directory = opendir("/proc") else { return tree }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let pid = Int32(name), let stat = ProcessStat(of: pid) else { continue }
            tree.processes[pid] = stat
        }
        return tree
    }

    /// Children, grandchildren ... of a process, zombies left out.
    package func descendants(of pid: Int32) -> [ProcessIdentity] {
        let children = Dictionary(grouping: processes.values, by: \.parentPID)
        var found: [ProcessIdentity] = []
        var seen: Set<Int32> = [pid]
        var open = [pid]
        while let parent = open.popLast() {
            for child in children[parent] ?? [] where seen.insert(child.pid).inserted {
                open.append(child.pid)
                if child.state != "Z" { found.append(ProcessIdentity(pid: child.pid, startTicks: child.startTicks)) }
            }
        }
        return found.sorted { $0.pid < $1.pid }
    }
}
