internal import CLinux
internal import Evidence

/// What did not answer, and was left out so that the capture could end: hs_outside.h.
enum LeftOut {
    static func rows() -> [Unobserved] {
        var rows: [Unobserved] = []
        var path = [CChar](repeating: 0, count: 512)
        var kind: Int32 = 0
        var pid: Int32 = 0
        while hs_outside_closed(Int32(rows.count), &kind, &pid, &path, path.count) != 0 {
            if kind == Int32(HS_OUTSIDE_FILE) {
                let name = path.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
                rows.append(Unobserved(what: "what lies at \(name)", why: "it did not answer within a second: its file system may be gone"))
            } else if hs_outside_memory(pid) == Int32(HS_MEMORY_CLOSED) {
                rows.append(Unobserved(what: "memory, modules, arguments and environment of process \(pid)", why: "reading them did not end within a second"))
            } else {
                rows.append(
                    Unobserved(
                        what: "memory of process \(pid) that is not in memory",
                        why: "a read did not end within a second: a userfaultfd or a file system is to fill it, and does not"))
            }
        }
        return rows
    }
}
