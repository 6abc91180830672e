import Evidence
import WaitGraph

/// Whether two looks apart in time show the same waits.
enum Persistence {
    static func isShown(_ standstill: Standstill, _ graph: WaitGraph) -> Bool {
        guard graph.activity.window_s > 0 else { return false }
        var shown = false
        for edge in standstill.path {
            for node in [edge.from, edge.to] {
                switch stays(node, graph) {
                case true?: shown = true
                case false?: return false
                case nil: break
                }
            }
        }
        return shown || stays(standstill.end, graph) == true
    }

    /// True: seen unchanged; false: it changed; nil: cannot be compared.
    private static func stays(_ node: NodeKey, _ graph: WaitGraph) -> Bool? {
        let activity = graph.activity
        let index = graph.index
        switch node {
        case .thread(_, let tid):
            switch activity.change(of: tid) {
            case .stood: return true
            case .ran, .woke, .unknown: return nil
            }
        case .socket(let inode, _):
            guard let row = index.socketRow[inode], let old = activity.earlier?.socketRow[inode], let before = activity.earlier?.sockets[old] else { return nil }
            let socket = index.sockets[row]
            guard before.local == socket.local, before.remote == socket.remote else { return false }
            return before.state == socket.state && activity.received(socket) ?? 0 == 0
        case .fileLock(let row):
            let lock = index.locks[row]
            return activity.earlier?.locks.contains {
                $0.inode == lock.inode && $0.start == lock.start && !Set($0.holders.map(\.pid)).isDisjoint(with: lock.holders.map(\.pid))
            } ?? nil
        case .task(let pid, let id):
            guard let now = index.task(pid, id), let before = activity.earlier?.task(pid, id) else { return nil }
            return now.state == before.state && now.wait?.kind == before.wait?.kind && now.wait?.address == before.wait?.address
        case .pipe(let inode):
            return activity.earlier?.pipeRow[inode] != nil ? true : nil
        default: return nil
        }
    }
}
