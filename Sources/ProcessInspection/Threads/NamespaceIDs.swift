/// Ids as a process in a pid namespace of its own sees them, turned into ours: pid_namespaces(7).
///
/// What lies in its memory and in its system calls, such as the owner of a mutex or the child waited for,
/// are ids of its own namespace; /proc shows ours.
package struct NamespaceIDs: Sendable {
    private let proc: ProcDirectory
    /// Its threads, by their ids there; nil where it shares our namespace.
    private let threads: [Int32: Int32]?

    package init(_ proc: ProcDirectory) {
        self.proc = proc
        guard let status = try? proc.status(), Self.inner(status) != Self.outer(status) else { threads = nil; return }
        let pairs = ((try? proc.threads()) ?? []).compactMap { tid -> (Int32, Int32)? in
            (try? proc.thread(tid).status()).flatMap(Self.inner).map { ($0, tid) }
        }
        threads = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    /// Our id of a thread of the process; the same where it is not known.
    package func thread(_ id: Int32) -> Int32 { threads.map { $0[id] ?? id } ?? id }

    /// Our id of a child of the process.
    package func child(_ id: Int32) -> Int32 {
        guard threads != nil else { return id }
        return ((try? proc.children()) ?? []).first { (try? ProcDirectory(pid: $0).status()).flatMap(Self.inner) == id } ?? id
    }

    /// `NSpid: 22765 1`: its id in each namespace, ours first, its own last.
    private static func inner(_ status: ProcStatus) -> Int32? { numbers(status).last }
    private static func outer(_ status: ProcStatus) -> Int32? { numbers(status).first }
    private static func numbers(_ status: ProcStatus) -> [Int32] {
        (status["NSpid"] ?? "").split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int32($0) }
    }
}
