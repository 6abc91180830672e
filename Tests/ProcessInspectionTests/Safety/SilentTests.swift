import Evidence
import Foundation
import ProcessInspection
import Processes
import Testing

/// What somebody else is to answer, and does not, costs its own part of a snapshot, not the whole.
extension LiveProcessTests {
    @Suite struct SilentTests {
        private func skipped(_ standing: Standing) -> Bool { standing.preamble.contains { $0.hasPrefix("skipped") } }

        @Test func `memory that a userfaultfd does not fill is left out`() async throws {
            try await Standing.run("page-missing") { standing in
                guard !skipped(standing) else { return }
                let snapshot = try await standing.capture()
                #expect(snapshot.unobserved.contains { $0.what == "memory of process \(standing.pid) that is not in memory" })
                let toucher = try snapshot.thread(standing.pid, named: "toucher")
                #expect(toucher.wait?.detail?.contains("userfaultfd") == true)
                #expect(snapshot.functions(toucher).contains("touch"))
                // A stop would let it turn in the kernel for ever.
                let main = try snapshot.thread(standing.pid)
                #expect(main.pause.method == .readWithoutStopping && !main.stack.elements.isEmpty)
                #expect(await eventually { standing.state.state == "S" } && standing.isFree)
            }
        }

        @Test func `a file whose server went silent is left out`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("disk-silent", "\(folder)/silent") { standing in
                    guard !skipped(standing) else { return }
                    let snapshot = try await standing.capture()
                    #expect(snapshot.unobserved.contains { $0.what == "what lies at \(folder)/silent" })
                    let thread = try snapshot.thread(standing.pid)
                    let fd = try #require(thread.wait?.descriptors?.first?.fd)
                    let file = try #require(snapshot.descriptors.elements.first { $0.pid == standing.pid && $0.fd == fd })
                    #expect(file.kind == .file && file.target == "\(folder)/silent/file")
                    #expect(standing.isFree)
                }
            }
        }

        @Test func `a process whose memory is locked costs its memory only`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("memory-locked", "\(folder)/silent") { standing in
                    guard !skipped(standing) else { return }
                    let snapshot = try await standing.capture()
                    #expect(snapshot.unobserved.contains { $0.what == "memory, modules, arguments and environment of process \(standing.pid)" }, "\(snapshot.unobserved)")
                    let thread = try snapshot.thread(standing.pid)
                    #expect(thread.state == "D" && thread.wait?.kind == .disk && thread.pause.method != .stopped)
                    #expect(thread.syscall?.name == "mmap")
                    #expect(snapshot.descriptors.elements.contains { $0.pid == standing.pid && $0.target == "\(folder)/silent/file" })
                    #expect(standing.isFree)
                }
            }
        }

        @Test func `the one that looks ends with the command`() async throws {
            try await Standing.run("busy") { standing in
                try await withTemporaryFolder { folder in
                    let command = try await HarmTests.halted(at: "stopped", pid: standing.pid, folder: folder)
                    let child = try #require(try ProcDirectory(pid: command.pid).children().first)
                    command.signal(SIGKILL)
                    _ = await command.wait(for: .seconds(10))
                    #expect(await eventually { ["Z", nil].contains(try? ProcDirectory(pid: child).stat().state) })
                }
            }
        }
    }
}
