import Evidence
import Foundation
import Glibc
import Testing
import Processes

@Suite struct SupervisorTests {
    /// A child, a grandchild in another session whose parent exits at once, and one that ignores SIGTERM.
    static let stubborn = """
        setsid sh -c 'trap "" TERM HUP INT; (setsid sleep 1001 &) ; while :; do sleep 1002; done' &
        trap '' TERM
        echo up
        while :; do sleep 1003; done
        """

    @Test func `finishing leaves no descendant, daemons included`() async throws {
        let supervisor = try await ProcessSupervisor.start(executable: Program.hangscope)
        let child = try await supervisor.spawn(
            SpawnRequest(executable: "/bin/sh", arguments: ["-c", Self.stubborn], stdout: .pipe))
        #expect(await eventually { supervisor.descendants().count >= 4 })
        let all = supervisor.descendants() + [supervisor.process.identity]
        await supervisor.finish()
        #expect(all.filter(\.isAlive) == [])
        #expect(child.exitStatus == .signalled(SIGKILL))
    }

    @Test func `a short-lived parent's daemon stays under the supervisor`() async throws {
        let supervisor = try await ProcessSupervisor.start(executable: Program.hangscope)
        let child = try await supervisor.spawn(
            SpawnRequest(executable: "/bin/sh", arguments: ["-c", "setsid sleep 1000 & exit 0"]))
        #expect(await child.wait() == .exited(0))
        let left = supervisor.descendants()
        #expect(left.count == 1)
        await supervisor.finish()
        #expect(left.filter(\.isAlive) == [])
    }

    /// The harness is played by a second supervisor's child: a shell cannot hold the protocol, so the
    /// socket's end is given to a process that is then killed.
    @Test func `when whoever holds its socket is killed, everything ends`() async throws {
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let ours = OwnedDescriptor(ends[0])
        let theirs = OwnedDescriptor(ends[1])
        let holder = try await DirectSpawner().spawn(
            SpawnRequest(executable: "sleep", arguments: ["1000"], inherited: [7: ours.number]))
        let supervisor = try await DirectSpawner().spawn(
            SpawnRequest(executable: Program.hangscope, arguments: ["supervise"], inherited: [3: theirs.number]))
        ours.close()
        theirs.close()
        #expect(supervisor.identity.isAlive)
        holder.signal(SIGKILL)
        #expect(await supervisor.wait(for: .seconds(10)) == .exited(0))
    }

    @Test func `terminal signals do not end it`() async throws {
        let supervisor = try await ProcessSupervisor.start(executable: Program.hangscope)
        let child = try await supervisor.spawn(SpawnRequest(executable: "sleep", arguments: ["1000"]))
        for number in [SIGINT, SIGTERM, SIGHUP] { supervisor.process.signal(number) }
        let second = try await supervisor.spawn(SpawnRequest(executable: "/bin/true"))
        #expect(await second.wait() == .exited(0))
        #expect(child.identity.isAlive)
        await supervisor.finish()
    }

    @Test func `its loss is told to all that wait`() async throws {
        let supervisor = try await ProcessSupervisor.start(executable: Program.hangscope)
        let child = try await supervisor.spawn(SpawnRequest(executable: "sleep", arguments: ["1000"]))
        supervisor.process.signal(SIGKILL)
        #expect(await child.wait(for: .seconds(10)) == .signalled(SIGKILL))
        #expect(await eventually { !child.identity.isAlive })
        let error = await #expect(throws: ProcessError.self) {
            _ = try await supervisor.spawn(SpawnRequest(executable: "/bin/true"))
        }
        #expect(error?.code == "supervisor-gone")
        await supervisor.finish()
    }
}
