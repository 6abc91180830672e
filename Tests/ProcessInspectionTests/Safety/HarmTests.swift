import Evidence
import Foundation
import Glibc
import ProcessInspection
import Processes
import Testing

/// Looking must not harm: nothing stays stopped or traced, and no system call is cut short.
extension LiveProcessTests {
    @Suite struct HarmTests {
        @Test(arguments: ["epoll", "semop", "sigtimedwait", "futex-passed", "socket-timeout", "pipe-write", "poll", "select", "sleep", "socket-silent", "accept"])
        func `no system call is interrupted`(kind: String) async throws {
            try await Standing.run(kind) { standing in
                for _ in 0..<5 { _ = try await standing.capture { $0.follow.mode = .none } }
                #expect(standing.isFree)
                // What it would have said stands in the pipe by the time its thread sleeps again.
                #expect(await eventually { standing.state.state == "S" })
                #expect(!standing.output.all.contains { $0.hasPrefix("interrupted") }, "\(standing.output.all)")
            }
        }

        @Test(arguments: ["epoll", "semop", "sigtimedwait", "socket-timeout"])
        func `a call that a stop would end is begun again`(kind: String) async throws {
            try await Standing.run(kind) { standing in
                let thread = try await standing.capture { $0.stopMode = .stopAll }.thread(standing.pid)
                #expect(thread.pause.method == .stopped)
                #expect(await eventually { standing.state.state == "S" })
                #expect(!standing.output.all.contains { $0.hasPrefix("interrupted") }, "\(standing.output.all)")
            }
        }

        @Test(arguments: zip(["seized", "interrupted", "stopped", "copied", "resumed", "stopped"], ["healthy-locks", "healthy-locks", "healthy-locks", "healthy-locks", "healthy-locks", "busy"]))
        func `a tracer killed at any step leaves the target free`(step: String, kind: String) async throws {
            try await Standing.run(kind) { standing in
                try await withTemporaryFolder { folder in
                    let tracer = try await Self.halted(at: step, pid: standing.pid, folder: folder)
                    tracer.signal(SIGKILL)
                    _ = await tracer.wait(for: .seconds(10))
                    #expect(await eventually { standing.isFree })
                    let before = Self.progress(standing.pid)
                    #expect(await eventually { Self.progress(standing.pid) > before })
                }
            }
        }

        /// A snapshot command whose tracer halts at a step, having reached it.
        static func halted(at step: String, pid: Int32, folder: String) async throws -> ChildProcess {
            let tracer = try await DirectSpawner().spawn(
                SpawnRequest(
                    executable: Standing.hangscope, arguments: ["snapshot", "\(pid)", "-o", "\(folder)/out", "--halt-at", step, "--no-tasks"],
                    stdout: .pipe))
            let output = try #require(tracer.pipes.output)
            // It writes a byte when it is there; its main thread then waits for the halted one for ever.
            let reached = Latch<Void>()
            _ = PipeReader(output) { _ in reached.set(()) }
            #expect(await reached.wait(for: .seconds(20)) != nil && tracer.exitStatus == nil)
            return tracer
        }

        /// Grows as long as some thread runs: context switches and processor time of all.
        private static func progress(_ pid: Int32) -> UInt64 {
            let proc = ProcDirectory(pid: pid)
            return ((try? proc.threads()) ?? []).reduce(0) { sum, tid in
                let thread = proc.thread(tid)
                return sum + ((try? thread.status().voluntarySwitches) ?? 0) + ((try? thread.stat().userTicks) ?? 0)
            }
        }

        @Test(arguments: [StopMode.perThread, .stopAll])
        func `a process stopped by a signal stays stopped, and goes on when told`(mode: StopMode) async throws {
            try await Standing.run("healthy-locks") { standing in
                standing.child.signal(SIGSTOP)
                #expect(await eventually { standing.state.state == "T" })
                let snapshot = try await standing.capture { $0.stopMode = mode }
                #expect(standing.state.state == "T" && standing.state.tracer == nil)
                #expect(snapshot.threads.elements.allSatisfy { $0.wait?.kind == .stopped })
                #expect(snapshot.threads.elements.contains { !$0.stack.elements.isEmpty })
                standing.child.signal(SIGCONT)
                #expect(await eventually { standing.state.state == "S" && standing.isFree })
            }
        }

        @Test func `a process that another debugger holds gives what it can, and is left to it`() async throws {
            try await Standing.run("busy") { standing in
                try await withTemporaryFolder { folder in
                    let other = try await Self.halted(at: "stopped", pid: standing.pid, folder: folder)
                    #expect(await eventually { standing.state.state == "t" })
                    let snapshot = try await standing.capture()
                    let tracer = try #require(snapshot.processes.elements.first?.tracerPID)
                    // The one that looks is a child of the command, which watches over it.
                    #expect(try ProcDirectory(pid: tracer).stat().parentPID == other.pid)
                    #expect(snapshot.threads.elements.first?.wait?.kind == .traced)
                    #expect(snapshot.unobserved.contains { $0.why.contains("being traced by") })
                    #expect(standing.state.tracer != nil)
                    other.signal(SIGKILL)
                    _ = await other.wait(for: .seconds(10))
                    #expect(await eventually { standing.isFree })
                }
            }
        }

        /// Half of them stop all threads at once; four clients ask without a pause meanwhile.
        @Test func `two hundred snapshots of a busy server change none of its answers`() async throws {
            try await Standing.run("serve") { standing in
                let port = try #require(standing.preamble.first { $0.hasPrefix("port ") }.flatMap { UInt16($0.dropFirst(5)) })
                let clients = (0..<4).map { _ in EchoClient(port: port) }
                for client in clients { client.start() }
                for number in 0..<200 {
                    _ = try await standing.capture {
                        $0.follow.mode = .none
                        $0.stopMode = number % 2 == 0 ? .perThread : .stopAll
                    }
                }
                for client in clients {
                    let result = client.stop()
                    #expect(result.wrong == 0 && result.answers >= 100)
                }
                #expect(standing.isFree && standing.child.exitStatus == nil)
                #expect(!standing.output.all.contains { $0.hasPrefix("interrupted") })
            }
        }
    }
}

/// Sends lines to a server and checks that the same come back.
final class EchoClient: @unchecked Sendable {
    private let port: UInt16
    private let lock = NSLock()
    private var answers = 0
    private var wrong = 0
    private var stopped = false
    private let done = DispatchSemaphore(value: 0)

    init(port: UInt16) { self.port = port }

    func start() { Thread.detachNewThread { [self] in run(); done.signal() } }

    func stop() -> (answers: Int, wrong: Int) {
        lock.withLock { stopped = true }
        done.wait()
        return lock.withLock { (answers, wrong) }
    }

    private func run() {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { return lock.withLock { wrong += 1 } }
        var number: UInt64 = 0
        while !lock.withLock({ stopped }) || number < 100 {
            number += 1
            var sent = number, back: UInt64 = 0
            let ok = write(fd, &sent, 8) == 8 && recv(fd, &back, 8, Int32(MSG_WAITALL)) == 8 && back == number
            lock.withLock { if ok { answers += 1 } else { wrong += 1 } }
            if !ok { return }
        }
    }
}
