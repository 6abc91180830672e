import Foundation
import Glibc
import Testing
import Processes

/// What every `ProcessSpawner` does.
@Suite struct SpawnerConformance {
    enum Kind: CaseIterable { case direct, supervised }

    func with<Value>(_ kind: Kind, _ body: (any ProcessSpawner) async throws -> Value) async throws -> Value {
        switch kind {
        case .direct:
            return try await body(DirectSpawner())
        case .supervised:
            let supervisor = try await ProcessSupervisor.start(executable: Program.hangscope)
            do {
                let value = try await body(supervisor)
                await supervisor.finish()
                return value
            } catch {
                await supervisor.finish()
                throw error
            }
        }
    }

    @Test(arguments: Kind.allCases) func `exit status and output come back`(kind: Kind) async throws {
        try await with(kind) { spawner in
            let result = try await HelperProcess.run(
                "sh", ["-c", "cat; echo err >&2; exit 7"], input: Array("in".utf8), deadline: .seconds(20), spawner: spawner)
            #expect(result.status == .exited(7))
            #expect(result.outputText == "in")
            #expect(result.errorText == "err\n")
        }
    }

    @Test(arguments: Kind.allCases) func `a signal that ends it is told`(kind: Kind) async throws {
        try await with(kind) { spawner in
            let child = try await spawner.spawn(SpawnRequest(executable: "sleep", arguments: ["1000"]))
            #expect(child.identity.isAlive)
            child.signal(SIGUSR1)
            #expect(await child.wait(for: .seconds(10)) == .signalled(SIGUSR1))
            #expect(!child.identity.isAlive)
        }
    }

    @Test(arguments: Kind.allCases) func `a missing program is a typed error`(kind: Kind) async throws {
        try await with(kind) { spawner in
            for name in ["/nowhere/at/all", "no-such-program-anywhere"] {
                let error = await #expect(throws: ProcessError.self) {
                    _ = try await spawner.spawn(SpawnRequest(executable: name))
                }
                #expect(error?.code == "executable-missing")
            }
            let folder = await #expect(throws: ProcessError.self) {
                _ = try await spawner.spawn(SpawnRequest(executable: "/bin/true", workingDirectory: "/nowhere"))
            }
            #expect(folder?.code == "directory-missing")
        }
    }

    @Test(arguments: Kind.allCases) func `the child holds what it was given and nothing else`(kind: Kind) async throws {
        try await with(kind) { spawner in
            let (read, write) = try OwnedDescriptor.pipe()
            let (other, unused) = try OwnedDescriptor.pipe()
            let child = try await spawner.spawn(
                SpawnRequest(
                    executable: "/bin/sh", arguments: ["-c", "ls -1 /proc/self/fd | tr '\\n' ' ' >&9"],
                    inherited: [9: write.number]))
            write.close()
            let lines = LineStream(read)
            var seen: [String] = []
            for await line in lines.lines { seen.append(line) }
            // 3 is the folder that ls itself has open.
            #expect(seen == ["0 1 2 3 9 "])
            #expect(await child.wait()?.isSuccess == true)
            other.close()
            unused.close()
        }
    }

    @Test(arguments: Kind.allCases) func `descriptors that cross are not lost`(kind: Kind) async throws {
        try await with(kind) { spawner in
            let (read, write) = try OwnedDescriptor.pipe()
            let (secondRead, secondWrite) = try OwnedDescriptor.pipe()
            // The child's numbers are the parent's, the other way round.
            let child = try await spawner.spawn(
                SpawnRequest(
                    executable: "/bin/bash", arguments: ["-c", "echo a >&\(secondWrite.number); echo b >&\(write.number)"],
                    inherited: [secondWrite.number: write.number, write.number: secondWrite.number]))
            _ = await child.wait()
            write.close()
            secondWrite.close()
            var first: [String] = []
            for await line in LineStream(read).lines { first.append(line) }
            var second: [String] = []
            for await line in LineStream(secondRead).lines { second.append(line) }
            #expect(first == ["a"])
            #expect(second == ["b"])
        }
    }

    @Test(arguments: Kind.allCases) func `ending reaches the group and outlasts a trap`(kind: Kind) async throws {
        try await with(kind) { spawner in
            let child = try await spawner.spawn(
                SpawnRequest(
                    executable: "/bin/sh", arguments: ["-c", "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done"],
                    stdout: .pipe))
            var lines = LineStream(child.pipes.output!).lines.makeAsyncIterator()
            let line = try #require(await lines.next())
            let grandchild = try #require(Int32(line))
            #expect(await child.end(grace: .milliseconds(50)) == .signalled(SIGKILL))
            #expect(await eventually { ProcessStat(of: grandchild).map { $0.state == "Z" } ?? true })
        }
    }

    @Test(arguments: Kind.allCases) func `a tool past its deadline is killed`(kind: Kind) async throws {
        try await with(kind) { spawner in
            let result = try await HelperProcess.run(
                "sh", ["-c", "echo early; sleep 1000"], deadline: .milliseconds(300), spawner: spawner)
            #expect(result.timedOut)
            #expect(result.status == .signalled(SIGKILL))
        }
    }

    @Test(arguments: Kind.allCases) func `output beyond the limit is dropped, not kept`(kind: Kind) async throws {
        try await with(kind) { spawner in
            let result = try await HelperProcess.run(
                "sh", ["-c", "head -c 3000000 /dev/zero"], deadline: .seconds(20), maximumOutput: 1000, spawner: spawner)
            #expect(result.status.isSuccess)
            #expect(result.output.count == 1000)
            #expect(result.wasCut)
        }
    }
}
