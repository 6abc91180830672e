package import Evidence
internal import Glibc

/// Every descriptor of every process on this machine that may be looked at: who holds the
/// other ends of pipes and sockets, and which files are open where.
package struct MachineDescriptors: Sendable {
    package struct Holder: Sendable, Hashable {
        package var reference: DescriptorReference
        package var reads: Bool
        package var writes: Bool
    }
    /// By link target: "pipe:[1]", "socket:[2]", "/path".
    package private(set) var holders: [String: [Holder]] = [:]
    package private(set) var names: [Int32: String] = [:]
    /// Processes whose descriptors may not be seen, and whether time or bounds ended the search.
    package private(set) var hidden = 0
    package private(set) var incomplete: String?

    /// - Parameters:
    ///   - limit: descriptors looked at most in all.
    package init(deadline: ContinuousClock.Instant, limit: Int = 500_000) {
        var count = 0
        for pid in ProcFile.processes() {
            if ContinuousClock.now > deadline { incomplete = "time was up before every process's descriptors were seen"; return }
            let proc = ProcDirectory(pid: pid)
            guard let name = try? proc.name() else { continue }
            names[pid] = name
            let numbers: [Int32]
            do throws(ProcFSError) { numbers = try proc.descriptors() } catch {
                if error.isForbidden { hidden += 1 }
                continue
            }
            for fd in numbers {
                count += 1
                guard count <= limit else { incomplete = "the machine has more than \(limit) descriptors"; return }
                guard let target = try? proc.descriptorTarget(fd), !target.hasPrefix("anon_inode:"), target != "/dev/null" else { continue }
                // The link's own permission bits are the way the descriptor was opened: proc(5).
                let mode = target.hasPrefix("socket:") ? 0o600 : FileFacts(path: "\(proc.path)/fd/\(fd)", followingLink: false)?.mode ?? 0
                holders[target, default: []].append(
                    Holder(
                        reference: DescriptorReference(pid: pid, fd: fd, processName: name), reads: mode & 0o400 != 0,
                        writes: mode & 0o200 != 0))
            }
        }
        if hidden > 0 { incomplete = "descriptors of \(hidden) processes of other users may not be seen" }
    }

    package func owners(ofSocket inode: UInt64) -> [DescriptorReference] {
        inode == 0 ? [] : (holders["socket:[\(inode)]"] ?? []).map(\.reference)
    }

    /// Descriptors on one file, whatever name it was opened by.
    package func holders(ofFile inode: UInt64, device: UInt64?) -> [(path: String, holder: Holder)] {
        var found: [(String, Holder)] = []
        for (target, list) in holders where target.hasPrefix("/") && !target.hasPrefix("/dev/") {
            for holder in list {
                let path = "/proc/\(holder.reference.pid)/fd/\(holder.reference.fd)"
                guard let facts = FileFacts(path: path, followingLink: true), facts.inode == inode, device == nil || facts.device == device else {
                    // Two descriptors with one path are almost always one file: look no further.
                    break
                }
                found.append((target, holder))
            }
        }
        return found.sorted { ($0.1.reference.pid, $0.1.reference.fd) < ($1.1.reference.pid, $1.1.reference.fd) }
    }
}
