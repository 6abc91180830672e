import Evidence
import Foundation
import Glibc
import ProcessInspection
import Processes
import Testing

/// Processes in namespaces of their own, as containers make them.
extension LiveProcessTests {
    @Suite struct NamespaceTests {
        private static let mayUnshare = getuid() == 0 && access("/usr/bin/unshare", X_OK) == 0
        private static let mayLink = mayUnshare && (access("/sbin/ip", X_OK) == 0 || access("/bin/ip", X_OK) == 0)

        @Test(.enabled(if: mayUnshare, "needs root, and unshare of util-linux"))
        func `a process in another pid namespace is shown by our ids`() async throws {
            try await Standing.run("mutex-cycle", by: ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]) { outer in
                let inner = try #require(try ProcDirectory(pid: outer.pid).children().first)
                let snapshot = try await outer.capture(inner)
                #expect(snapshot.threads.elements.count == 3)
                #expect(snapshot.threads.elements.allSatisfy { $0.stack.status == .complete && $0.pid == inner })
                // Owners in the mutexes are ids of that namespace: 2 and 3 there, others here.
                let owners = snapshot.threads.elements.compactMap { $0.wait?.futex?.ownerTID }
                #expect(owners.allSatisfy { owner in snapshot.threads.elements.contains { $0.tid == owner } }, "\(owners)")
                let namespace = snapshot.processes.elements.first?.namespaces["pid"]
                #expect(namespace != nil && namespace != (try? ProcDirectory(pid: getpid()).namespace("pid")))
            }
        }

        /// A veth pair between two network namespaces, neither of which is ours.
        private static let link = """
            ip link set lo up
            unshare --net sh -c 'until ip link show hsb >/dev/null 2>&1; do sleep 0.02; done
              ip link set lo up; ip addr add 10.250.0.2/24 dev hsb; ip link set hsb up; exec "$0" echo-once 10.250.0.2 7001' "$0" &
            until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
            ip link add hsa type veth peer name hsb netns $! || { echo skipped; exit 0; }
            ip addr add 10.250.0.1/24 dev hsa; ip link set hsa up
            until "$0" connect-nobody 10.250.0.2 7001; do sleep 0.05; done
            """

        @Test(.enabled(if: mayLink, "needs root, unshare and ip"))
        func `the other end of a connection is found in another network namespace`() async throws {
            try await Standing.run(script: Self.link, by: ["unshare", "--net", "sh", "-c"]) { outer in
                func process(_ kind: String) -> Int32? {
                    ProcessTree.current().descendants(of: outer.pid).map(\.pid).first {
                        (try? ProcDirectory(pid: $0).arguments())?.dropFirst().first == kind
                    }
                }
                // Both stand: the byte was sent and read.
                #expect(await eventually { process("connect-nobody").flatMap { try? ProcDirectory(pid: $0).syscall() }?.isRead == true })
                guard let client = process("connect-nobody"), let server = process("echo-once") else { Issue.record("\(outer.preamble)"); return }
                let snapshot = try await outer.capture(client)
                let socket = try #require(snapshot.sockets.elements.first { $0.remote?.port == 7001 && $0.owners.contains { $0.pid == client } })
                #expect(socket.peer?.kind == .local, "\(String(describing: socket.peer))")
                #expect(socket.peer?.owners.map(\.pid) == [server])
                #expect(socket.networkNamespace == (try? ProcDirectory(pid: client).namespace("net")))
                #expect(snapshot.processes.elements.contains { $0.identity.pid == server && $0.role == .followed })
            }
        }
    }
}

extension SyscallReading {
    fileprivate var isRead: Bool {
        if case .inCall(let number, _, _, _) = self { return number == 0 }
        return false
    }
}
