import Evidence
import Testing
import WaitGraph
@testable import Diagnosis

/// Evidence from several machines: a client that waits, and the server it waits for, with the same
/// process ids, thread ids and inodes on both.
@Suite struct MachineJoinTests {
    private func run(_ builder: SnapshotBuilder, host: String) -> Run {
        var snapshots = builder.later(6)
        for row in snapshots.indices {
            snapshots[row].host.name = host
            snapshots[row].host.bootID = "boot of \(host)"
        }
        var header = RunHeader(startedAt: snapshots[0].takenAt, clocks: snapshots[0].clocks, host: snapshots[0].host)
        header.subject = snapshots[0].subject
        return Run(header: header, snapshots: snapshots)
    }

    private func client(_ address: String = "10.0.0.1", of server: String = "10.0.0.2") -> Run {
        var builder = SnapshotBuilder(name: "client")
        builder.thread(100, stack: ["recv", "fetch"], wait: .on(14, .read))
        builder.socket(sent_s: 20, received_s: 21) {
            $0.local.host = address
            $0.remote?.host = server
        }
        return run(builder, host: "web1")
    }

    private func server(_ address: String = "10.0.0.2", to client: String = "10.0.0.1") -> Run {
        var builder = SnapshotBuilder(name: "server")
        builder.thread(100, stack: ["pthread_join", "main"], wait: .join(101))
        builder.thread(101, stack: ["lock", "transfer"], wait: .mutex(0xb, owner: 102))
        builder.thread(102, stack: ["lock", "refund"], wait: .mutex(0xa, owner: 101))
        builder.socket(fd: 4, local: 9002, remote: 40000, accepted: true, sent_s: 21, received_s: 20, receivedBytes: 100) {
            $0.local.host = address
            $0.remote?.host = client
        }
        return run(builder, host: "db1")
    }

    @Test func alonePeerIsSilent() {
        #expect(Diagnoser.assess(run: client(), baseline: nil).root?.cause == .peerSilent)
    }

    @Test func joinedTheRootLiesOnTheOtherMachine() throws {
        let joined = MachineJoin.join(client(), with: [("evidence/db1", server())])
        let assessment = Diagnoser.assess(run: joined, baseline: nil)
        let root = try #require(assessment.root)
        #expect(root.cause == .lockCycle)
        #expect(root.confidence == .persisted)
        #expect(root.chain.contains { $0.label.contains("of pid 100 (server on db1)") }, "\(root.chain.map(\.label))")
        #expect(root.chain.first?.label.hasPrefix("thread 100") == true)
        #expect(root.evidence.contains { $0.ref.hasPrefix("evidence/db1/snapshots/2/threads.json#/") }, "\(root.evidence.map(\.ref))")
        #expect(assessment.subject.pid == 100)
    }

    @Test func theServerAloneIsJudgedAsBefore() {
        let joined = MachineJoin.join(server(), with: [("evidence/web1", client())])
        #expect(Diagnoser.assess(run: joined, baseline: nil).root?.cause == .lockCycle)
    }

    @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("10.0.0.1", "10.0.0.3")])
    func addressesThatMeanSomethingElseDoNotMatch(_ near: String, _ far: String) {
        let joined = MachineJoin.join(client(near, of: far), with: [("evidence/db1", server("127.0.0.1", to: "127.0.0.1"))])
        #expect(Diagnoser.assess(run: joined, baseline: nil).root?.cause == .peerSilent)
    }
}
