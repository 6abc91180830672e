import Evidence
import Foundation
import ProcessInspection
import Testing

/// Waits for time, children, signals and messages; processes of odd shapes.
extension LiveProcessTests {
    @Suite struct ProcessWaitTests {
        private func wait(_ kind: String) async throws -> (ThreadWait, ThreadRecord, Snapshot) {
            try await Standing.run(kind) { standing in
                let snapshot = try await standing.capture()
                let thread = try snapshot.thread(standing.pid)
                #expect(standing.isFree)
                return (try #require(thread.wait), thread, snapshot)
            }
        }

        @Test func `a sleep tells how long it was asked for, also after a stop restarted it`() async throws {
            try await Standing.run("sleep") { standing in
                for _ in 0..<2 {
                    let thread = try await standing.capture().thread(standing.pid)
                    #expect(thread.syscall?.name == "clock_nanosleep")
                    #expect(thread.wait?.kind == .sleep)
                    #expect((thread.wait?.timeout_s ?? 0) > 7000)
                }
                #expect(!standing.output.all.contains { $0.hasPrefix("interrupted") })
            }
        }

        @Test func `a sleep until a time tells what remains`() async throws {
            let (wait, _, _) = try await wait("sleep-until")
            #expect(wait.kind == .sleep && (wait.remaining_s ?? 0) > 4900 && (wait.remaining_s ?? 9999) <= 5000)
        }

        @Test func `whether a thread goes round in a circle is looked for where that is asked`() async throws {
            try await Standing.run("spin-flag") { standing in
                let plain = try await standing.capture().thread(standing.pid)
                #expect(plain.state == "R" && plain.looks == nil && plain.comesBack == nil)
                var comesBack: Bool?
                let end = ContinuousClock.now + .seconds(30)
                // On a loaded machine it may not run for long enough while it is looked at.
                while comesBack == nil, ContinuousClock.now < end {
                    comesBack = try await standing.capture { $0.looksForLoops = true }.thread(standing.pid).comesBack
                }
                #expect(comesBack == true && standing.isFree)
            }
        }

        @Test func `waiting for a child names it`() async throws {
            let (wait, _, snapshot) = try await wait("wait-child")
            #expect(wait.kind == .child)
            #expect(snapshot.processes.elements.contains { $0.identity.pid == wait.pid && $0.role == .descendant })
        }

        @Test func `the parent of a vfork is in uninterruptible sleep and is left alone`() async throws {
            let (wait, thread, snapshot) = try await wait("vfork")
            #expect(thread.state == "D" && wait.kind == .vforkChild)
            #expect(thread.pause.method == .readWithoutStopping)
            #expect(snapshot.processes.elements.contains { $0.identity.pid == wait.pid })
            #expect(snapshot.functions(thread).contains("wait_vfork"))
        }

        @Test(arguments: [("sigtimedwait", ThreadWait.Kind.signal), ("pause", .signal), ("semop", .ipc), ("msgrcv", .ipc)])
        func `signals and messages`(kind: String, expected: ThreadWait.Kind) async throws {
            let (wait, _, _) = try await wait(kind)
            #expect(wait.kind == expected)
        }

        @Test func `a POSIX message queue names who else has it open`() async throws {
            try await Standing.run("queue-posix") { standing in
                guard !standing.preamble.contains(where: { $0.hasPrefix("skipped") }) else { return }
                let other = try #require(try ProcDirectory(pid: standing.pid).children().first)
                let snapshot = try await standing.capture()
                let wait = try #require(try snapshot.thread(standing.pid).wait)
                #expect(wait.kind == .ipc && wait.detail == "POSIX message queue /standing-\(standing.pid), empty", "\(wait)")
                let fd = try #require(wait.descriptors?.first?.fd)
                let queue = try #require(snapshot.descriptors.elements.first { $0.pid == standing.pid && $0.fd == fd })
                #expect(queue.sharedWith?.map(\.pid) == [other], "\(queue)")
            }
        }

        @Test(arguments: [true, false])
        func `code made at run time has the names that its map gives, or none`(isMapped: Bool) async throws {
            try await Standing.run(command: "generated-code", isMapped ? ["map"] : []) { standing in
                let map = "/tmp/perf-\(standing.pid).map"
                defer { try? FileManager.default.removeItem(atPath: map) }
                let stack = try await standing.capture().thread(standing.pid).stack
                let frames = stack.elements
                let index = try #require(frames.firstIndex { $0.function == "at_the_end" })
                #expect(frames[index + 1].function == (isMapped ? "made_at_run_time" : nil), "\(frames)")
                #expect(frames[index + 1].module == (isMapped ? map : nil))
                #expect(frames[index + 2].function == "generated_code", "\(frames)")
            }
        }

        @Test func `a zombie leader costs only itself`() async throws {
            try await Standing.run("zombie-leader") { standing in
                let snapshot = try await standing.capture()
                #expect(try snapshot.thread(standing.pid).state == "Z")
                let survivor = try snapshot.thread(standing.pid, named: "survivor")
                #expect(snapshot.functions(survivor).contains("outlive"))
                #expect(snapshot.threads.status == .complete)
                #expect(!snapshot.modules.elements.isEmpty)
            }
        }

        @Test func `a busy thread shows where it runs`() async throws {
            try await Standing.run("busy") { standing in
                let snapshot = try await standing.capture()
                let thread = try snapshot.thread(standing.pid)
                #expect(thread.state == "R" && thread.wait == nil)
                #expect(snapshot.functions(thread).first == "spin_here")
            }
        }

        @Test func `deep stacks of many threads are whole`() async throws {
            try await Standing.run("deep", "40", "60") { standing in
                let snapshot = try await standing.capture()
                let deep = snapshot.threads.elements.filter { $0.name == "deep" }
                #expect(deep.count == 40)
                for thread in deep {
                    #expect(thread.stack.status == .complete)
                    #expect(snapshot.functions(thread).filter { $0 == "descend" }.count == 61)
                    #expect(thread.stack.elements.first { $0.function == "descend" }?.line != nil)
                }
            }
        }

        @Test func `stopping all at once gives the same stacks`() async throws {
            try await Standing.run("deep", "10", "20") { standing in
                let each = try await standing.capture()
                let all = try await standing.capture { $0.stopMode = .stopAll }
                #expect(all.threads.elements.map { $0.stack.elements.map(\.programCounter) } == each.threads.elements.map { $0.stack.elements.map(\.programCounter) })
                #expect(all.cost.stopped_ms > 0)
                #expect(standing.isFree)
            }
        }

        @Test func `a frame of unknown size over a call that may not be stopped is found`() async throws {
            try await Standing.run("variable-frame") { standing in
                let snapshot = try await standing.capture()
                let thread = try snapshot.thread(standing.pid)
                #expect(thread.pause.method == .readWithoutStopping)
                let functions = snapshot.functions(thread)
                #expect(functions.starts(with: ["epoll_wait", "epoll_pipe", "variable"]), "\(functions)")
                #expect(functions.contains("main"))
            }
        }

        @Test func `a stack that points back into itself ends within bounds`() async throws {
            try await Standing.run("corrupt-stack") { standing in
                let snapshot = try await standing.capture()
                let thread = try snapshot.thread(standing.pid, named: "fallen")
                #expect(thread.stack.status == .partial)
                #expect(thread.stack.elements.count < 600)
            }
        }
    }
}
