import Evidence
import Foundation
import Glibc
import ProcessInspection
import Processes
import Testing

/// Targets that change while they are looked at give what there is, and a reason.
extension LiveProcessTests {
    @Suite struct MovingTargetTests {
        @Test func `a process that is not there is said to be missing`() {
            let snapshot = SnapshotCapture().capture(pid: 2_000_000_000)
            #expect(snapshot.processes.status == .unavailable)
            #expect(!snapshot.unobserved.isEmpty)
        }

        @Test(arguments: [0, 500, 2000, 8000, 20000])
        func `a process that ends meanwhile`(microseconds: Int) async throws {
            try await Standing.run("short-lived", "\(microseconds)") { standing in
                // Either it was there in time or it is said to be gone; never a crash.
                let result = try await withTemporaryFolder { folder in
                    try await HelperProcess.run(Standing.hangscope, ["snapshot", "\(standing.pid)", "-o", folder], deadline: .seconds(30))
                }
                #expect(result.status == .exited(0) || result.status == .exited(69), "\(result.errorText)")
            }
        }

        @Test func `tasks of a followed process that ends meanwhile are no loss`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("lock-posix", "\(folder)/file") { holder in
                    try await Standing.run("lock-behind", "\(folder)/file") { standing in
                        var options = CaptureOptions()
                        options.taskForest = TaskForestHook { context in
                            guard context.target.pid != standing.pid else { return InspectedTasks(tasks: .complete([]), actors: .complete([])) }
                            kill(context.target.pid, SIGKILL)
                            while let state = try? context.target.proc.stat().state, state != "Z" { sched_yield() }
                            return InspectedTasks(tasks: .unavailable(reason: "cannot be read"), actors: .unavailable(reason: "cannot be read"))
                        }
                        let snapshot = SnapshotCapture(options: options).capture(pid: standing.pid)
                        #expect(snapshot.processes.elements.contains { $0.role == .followed })
                        #expect(snapshot.tasks.status == .complete, "\(snapshot.tasks.reason ?? "")")
                        #expect(snapshot.unobserved.contains { $0.what.hasPrefix("Swift tasks of process ") })
                    }
                }
            }
        }

        @Test func `a process that executes itself again and again lives on`() async throws {
            try await Standing.run("exec-again") { standing in
                for _ in 0..<10 {
                    let snapshot = try await standing.capture { $0.follow.mode = .none }
                    #expect(snapshot.threads.elements.count <= 1)
                }
                #expect(standing.child.exitStatus == nil)
                #expect(await eventually { standing.isFree })
            }
        }

        @Test(arguments: [StopMode.perThread, .stopAll])
        func `threads that come and go`(mode: StopMode) async throws {
            try await Standing.run("churn") { standing in
                for _ in 0..<10 {
                    let snapshot = try await standing.capture { $0.stopMode = mode; $0.follow.mode = .none }
                    let main = try snapshot.thread(standing.pid)
                    // In the midst of clone3 there is no unwind information (glibc's clone3.S ends it): one frame.
                    #expect(snapshot.functions(main).contains("churn") || main.stack.status == .partial, "\(main)")
                    #expect(!main.stack.elements.isEmpty)
                }
                #expect(standing.child.exitStatus == nil)
                #expect(await eventually { standing.isFree })
            }
        }

        @Test func `what was captured replays from its files`() async throws {
            try await Standing.run("mutex-cycle") { standing in
                let snapshot = try await standing.capture()
                let files = Dictionary(uniqueKeysWithValues: try snapshot.files().map { ($0.name, $0.contents) })
                #expect(try Snapshot(reading: { files[$0] }) == snapshot)
                #expect(snapshot.cost.threads == 3 && snapshot.cost.frames > 10 && snapshot.cost.wall_ms > 0)
                #expect(snapshot.cost.longestThreadPause_ms > 0 && snapshot.cost.longestThreadPause_ms <= snapshot.cost.stopped_ms)
            }
        }

        @Test func `environment values are digests unless asked for`() async throws {
            try await Standing.run("pause") { standing in
                let hidden = try await standing.capture { $0.salt = "one" }.environment.elements
                let other = try await standing.capture { $0.salt = "two" }.environment.elements
                let shown = try await standing.capture { $0.showsEnvironment = true }.environment.elements
                let path = try #require(hidden.first { $0.name == "PATH" })
                #expect(path.value == nil && path.valueLength > 0)
                #expect(path.digest != other.first { $0.name == "PATH" }?.digest)
                #expect(shown.first { $0.name == "PATH" }?.value == ProcessInfo.processInfo.environment["PATH"])
            }
        }
    }
}
