package import Evidence
internal import Glibc
internal import Synchronization

/// Every descriptor of every process on this machine that may be looked at: who holds the
/// other ends of pipes and sockets, and which files are open where.
package struct MachineDescriptors: Sendable {
    package struct Holder: Sendable, Hashable {
        package var reference: DescriptorReference
        package var reads: Bool { mode & 0o400 != 0 }
        package var writes: Bool { mode & 0o200 != 0 }
        /// The link's own permission bits are the way the descriptor was opened: proc(5). Asked only of the few that matter.
        private var mode: UInt32 { FileFacts(link: "/proc/\(reference.pid)/fd/\(reference.fd)")?.mode ?? 0 }
    }
    private struct File: Hashable {
        var path: String
        var facts: FileFacts
        var holders: [Holder]
    }
    /// By link target: "pipe:[1]", "socket:[2]", "/path".
    package private(set) var holders: [String: [Holder]] = [:]
    package private(set) var names: [Int32: String] = [:]
    /// Descriptors on eventfds, of whatever process.
    package private(set) var eventfds: [DescriptorReference] = []
    /// Network namespaces, each with a process that lives in it.
    package private(set) var networks: [UInt64: Int32] = [:]
    /// Processes whose descriptors may not be seen, and whether time or bounds ended the search.
    package private(set) var hidden = 0
    package private(set) var incomplete: String?
    private let files = OpenFiles()

    /// - Parameters:
    ///   - limit: descriptors looked at most in all.
    package init(deadline: ContinuousClock.Instant, limit: Int = 500_000) {
        var count = 0
        for pid in ProcFile.processes() {
            if ContinuousClock.now > deadline { incomplete = "time was up before every process's descriptors were seen"; return }
            let proc = ProcDirectory(pid: pid)
            guard let name = try? proc.name() else { continue }
            names[pid] = name
            if let network = try? proc.namespace("net"), networks[network] == nil { networks[network] = pid }
            do throws(ProcFSError) {
                try ProcFile.links(in: "\(proc.path)/fd") { fd, target in
                    count += 1
                    note(target, DescriptorReference(pid: pid, fd: fd, processName: name))
                    return count <= limit
                }
            } catch {
                if error.isForbidden { hidden += 1 }
                continue
            }
            guard count <= limit else { incomplete = "the machine has more than \(limit) descriptors"; return }
        }
        if hidden > 0 { incomplete = "descriptors of \(hidden) processes of other users may not be seen" }
    }

    private mutating func note(_ target: UnsafeRawBufferPointer, _ reference: DescriptorReference) {
        if target.elementsEqual("/dev/null".utf8) { return }
        if target.starts(with: "anon_inode:".utf8) {
            if target.elementsEqual("anon_inode:[eventfd]".utf8) { eventfds.append(reference) }
            return
        }
        holders[String(decoding: target, as: UTF8.self), default: []].append(Holder(reference: reference))
    }

    package func owners(ofSocket inode: UInt64) -> [DescriptorReference] {
        inode == 0 ? [] : (holders["socket:[\(inode)]"] ?? []).map(\.reference)
    }

    /// Descriptors on one file, whatever name it was opened by.
    package func holders(ofFile inode: UInt64, device: UInt64?) -> [(path: String, holder: Holder)] {
        let open = files.byInode { allFiles() }
        let found = (open[inode] ?? []).filter { device == nil || $0.facts.device == device }
        return found.flatMap { file in file.holders.map { (file.path, $0) } }
            .sorted { ($0.1.reference.pid, $0.1.reference.fd) < ($1.1.reference.pid, $1.1.reference.fd) }
    }

    private func allFiles() -> [File] {
        holders.flatMap { target, list -> [File] in
            guard target.hasPrefix("/"), !target.hasPrefix("/dev/") else { return [] }
            // Two descriptors with one path are almost always one file; a path that was replaced is two.
            var files: [FileFacts: [Holder]] = [:]
            for holder in list {
                let path = "/proc/\(holder.reference.pid)/fd/\(holder.reference.fd)"
                if let facts = FileFacts(pid: holder.reference.pid, path: path, of: target) { files[facts, default: []].append(holder) }
            }
            return files.map { File(path: target, facts: $0.key, holders: $0.value) }
        }
    }

    /// Looked up once, when first asked for: most captures meet no lock and no FIFO.
    private final class OpenFiles: Sendable {
        private let known = Mutex<[UInt64: [File]]?>(nil)

        func byInode(_ look: () -> [File]) -> [UInt64: [File]] {
            if let files = known.withLock({ $0 }) { return files }
            let files = Dictionary(grouping: look(), by: \.facts.inode)
            known.withLock { $0 = files }
            return files
        }
    }
}
