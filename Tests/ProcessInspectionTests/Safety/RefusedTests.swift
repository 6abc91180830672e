import Evidence
import Foundation
import Glibc
import ProcessInspection
import Processes
import Testing

/// Processes that may not be looked at, or only in part: what can be had is, with a reason, and nothing is harmed.
extension LiveProcessTests {
    @Suite struct RefusedTests {
        /// Somebody without rights: user and group "nobody".
        private static let asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        private static let mayBecomeNobody = getuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0

        private struct Capture {
            var result: HelperProcess.Result
            var snapshot: Snapshot
        }

        /// `hangscope snapshot` of a process, behind a prefix of other programs.
        private func snapshot(_ pid: Int32, by prefix: [String], _ more: [String] = []) async throws -> Capture {
            try await withTemporaryFolder { folder in
                chmod(folder, 0o777)
                let command = prefix + [Standing.hangscope, "snapshot", "\(pid)", "-o", "\(folder)/out", "--no-tasks"] + more
                let result = try await HelperProcess.run(command[0], Array(command.dropFirst()), deadline: .seconds(60))
                return Capture(
                    result: result, snapshot: try Snapshot(reading: { try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/out/\($0)")) }))
            }
        }

        @Test(.enabled(if: mayBecomeNobody, "needs root, and setpriv of util-linux"))
        func `a process of another user shows that it is there, and why not more`() async throws {
            try await Standing.run("mutex-cycle") { standing in
                let capture = try await snapshot(standing.pid, by: Self.asNobody)
                #expect(capture.result.status == .exited(69))
                #expect(capture.result.errorText.contains("nothing of process \(standing.pid) could be seen but that it is there"))
                #expect(capture.result.errorText.contains("run as root"), "\(capture.result.errorText)")
                #expect(capture.snapshot.threads.elements.count == 3)
                #expect(capture.snapshot.descriptors.status == .unavailable)
                #expect(standing.isFree)
            }
        }

        @Test(.enabled(if: mayBecomeNobody, "needs root, and setpriv of util-linux"))
        func `a process of one's own needs no rights`() async throws {
            try await Standing.run("mutex-cycle", by: Self.asNobody) { standing in
                let capture = try await snapshot(standing.pid, by: Self.asNobody)
                #expect(capture.result.status == .exited(0), "\(capture.result.errorText)")
                #expect(capture.snapshot.threads.elements.allSatisfy { $0.stack.status == .complete })
                #expect(standing.isFree)
            }
        }

        @Test(.enabled(if: mayBecomeNobody, "needs root, and setpriv of util-linux"))
        func `a process that forbids being traced shows itself to root only`() async throws {
            try await Standing.run("not-dumpable", by: Self.asNobody) { standing in
                let own = try await snapshot(standing.pid, by: Self.asNobody)
                #expect(own.result.status == .exited(69))
                #expect(own.snapshot.threads.elements.first?.stack.reason?.contains("may not be traced") == true)
                let root = try await snapshot(standing.pid, by: [])
                #expect(root.result.status == .exited(0))
                #expect(root.snapshot.functions(try root.snapshot.thread(standing.pid)).contains("rest"))
                #expect(standing.isFree)
            }
        }

        @Test func `where tracing is refused there are no stacks, but waits and descriptors`() async throws {
            try await Standing.run("pipe-read") { standing in
                let capture = try await snapshot(standing.pid, by: [Standing.program, "deny-ptrace"])
                #expect(capture.result.status == .exited(0), "\(capture.result.errorText)")
                let thread = try capture.snapshot.thread(standing.pid)
                #expect(thread.stack.reason?.contains("may not be traced") == true, "\(thread.stack)")
                #expect(thread.wait?.kind == .descriptors && thread.syscall?.name == "read")
                #expect(!capture.snapshot.pipes.elements.isEmpty)
                #expect(capture.result.outputText.contains("not seen: threads"))
                #expect(standing.isFree)
            }
        }

        @Test(arguments: ["--follow=none", "--stop-all"])
        func `a process confined by seccomp is not made to call anything`(option: String) async throws {
            try await Standing.run("confined") { standing in
                #expect(await eventually { standing.state.state == "S" })
                for _ in 0..<5 {
                    let capture = try await snapshot(standing.pid, by: [], [option])
                    #expect(capture.snapshot.functions(try capture.snapshot.thread(standing.pid)).contains("rest"))
                    #expect(capture.snapshot.processes.elements.first?.seccomp == 2)
                }
                #expect(standing.child.exitStatus == nil && standing.isFree)
            }
        }

        @Test func `a process that forks all the time goes on doing so`() async throws {
            try await Standing.run("forks") { standing in
                for _ in 0..<10 {
                    let snapshot = try await standing.capture()
                    #expect(snapshot.processes.elements.contains { $0.identity.pid == standing.pid })
                }
                #expect(standing.child.exitStatus == nil)
                #expect(await eventually { standing.isFree })
            }
        }

        @Test func `a child that is traced from within this program is not taken for ended`() async throws {
            try await Standing.run("healthy-locks") { standing in
                var options = CaptureOptions()
                options.follow.mode = .none
                for mode in [StopMode.perThread, .stopAll, .perThread, .stopAll] {
                    options.stopMode = mode
                    let snapshot = SnapshotCapture(options: options).capture(pid: standing.pid)
                    #expect(snapshot.threads.status == .complete, "\(snapshot.threads.reason ?? "")")
                }
                #expect(standing.child.exitStatus == nil && standing.isFree)
            }
        }
    }
}
