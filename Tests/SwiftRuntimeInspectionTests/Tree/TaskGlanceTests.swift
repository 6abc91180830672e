import Evidence
import SwiftRuntimeInspection
import Testing

/// What somebody with a minute sees first.
@Suite struct TaskGlanceTests {
    private func task(_ id: UInt64, parent: UInt64? = nil, wait: TaskWait.Kind, name: String? = nil, body: (inout TaskRecord) -> Void = { _ in }) -> TaskRecord {
        var record = TaskRecord(pid: 1, id: id, address: id * 16, kind: parent == nil ? .unstructured : .groupChild, state: .suspended)
        record.parent = parent
        record.name = name
        record.wait = TaskWait(kind: wait)
        record.backtrace = .complete([Frame(programCounter: 1, function: "Client.ask(_:)", file: "/src/Client.swift", line: 7)])
        body(&record)
        return record
    }

    private func connection(received: UInt64) -> SocketRecord {
        var socket = SocketRecord(
            inode: 5, family: .inet, transport: .tcp, state: .established, local: SocketAddress(host: "10.0.0.1", port: 40000),
            remote: SocketAddress(host: "10.0.0.2", port: 443))
        socket.tcp = TCPInfo(lastDataSent_ms: 62_000, lastDataReceived_ms: 61_000, bytesSent: 900, bytesReceived: received)
        return socket
    }

    @Test func answerThatDoesNotComeIsFirstWithWhoWaitsForItAndWhatGoesOn() {
        let tasks = [
            task(1, wait: .task, name: "job 7") { $0.wait?.task = 2 },
            task(2, wait: .group), task(3, parent: 2, wait: .eventLoopFuture) { $0.wait?.descriptor = 9 },
            task(4, parent: 2, wait: .sleep, name: "progress simulation") { $0.wait?.remaining_s = 0.42 },
        ]
        #expect(TaskGlance(tasks, connections: [9: connection(received: 1234)]).lines == [
            "task 3 waits for an answer from 10.0.0.2:443 (descriptor 9): 1234 bytes received, none for 61 s, last sent 62 s ago",
            "  at Client.ask(_:) (Client.swift:7)",
            "  waited for by task 2 <- task 1 \"job 7\"",
            "go on meanwhile, by their timers: task 4 \"progress simulation\" (wakes in 0.4 s)",
        ])
    }

    @Test func nothingStandsOutAmongTasksThatWaitForWork() {
        let tasks = [task(1, wait: .group), task(2, parent: 1, wait: .stream), task(3, parent: 1, wait: .sleep, name: "tick")]
        #expect(TaskGlance(tasks, connections: [9: connection(received: 0)]).lines.isEmpty)
    }

    @Test func jamsCirclesAndStarvationAreNamed() {
        var actor = ActorRecord(pid: 1, address: 160, state: .running)
        actor.typeName = "Ledger"
        actor.kind = .actor
        actor.runningTask = 4
        actor.runningOnTID = 77
        actor.queue = [6, 5]
        actor.isQueueOrdered = true
        var pool = WorkerPool(pid: 1, kind: .cooperative, label: "default")
        pool.width = 2
        pool.enqueued = 5
        pool.workers = [Worker(tid: 77, state: .blocked), Worker(tid: 78, state: .blocked)]
        let tasks = [task(1, wait: .task) { $0.wait?.task = 2 }, task(2, wait: .task) { $0.wait?.task = 1 }, task(5, wait: .actor), task(6, wait: .actor)]
        #expect(TaskGlance(tasks, actors: [actor], pools: [pool], held_s: [160: 12]).lines == [
            "tasks wait for each other in a circle: task 1 -> task 2 -> task 1",
            "actor Ledger: task 4 runs on it on thread 77, unseen, for 12 s so far", "  2 tasks queue, in this order (6, 5), behind it",
            "Swift's pool: all its 2 threads are blocked, and 5 jobs wait for one",
        ])
    }

    @Test func whatWasProvedIsSaidAndNoMore() {
        let stuck = task(3, wait: .continuation) {
            $0.wait?.resumers = .complete([])
            $0.wait?.onlyThrough = ["Signup, held by task 3"]
        }
        #expect(TaskGlance([stuck]).lines.first
            == "task 3 waits for a continuation that only the waiting task itself leads to (through Signup): nothing that runs or can be woken can resume it")
        let dropped = task(3, wait: .continuation) { $0.wait?.resumers = .complete([]) }
        #expect(TaskGlance([dropped]).lines.first?.hasPrefix("task 3 waits for a continuation that nothing in memory refers to: nothing") == true)
    }

    @Test func longLinesAreBrokenAndPlacesKeepTheirFiles() {
        let lines = TextWidth.wrapped("  " + Array(repeating: "word", count: 40).joined(separator: " "), to: 60)
        #expect(lines.count > 1 && lines.allSatisfy { $0.count <= 60 } && lines[1].hasPrefix("      word"))
        #expect(TextWidth.shortened("Service.longFunctionName(_:…) (File.swift:12)", to: 36) == "Service.longFunctio… (File.swift:12)")
        #expect(TaskWords.short("closure #3 in closure #2 in ServiceGroup._run(services:gracefulShutdownStream:added:)") == "closure in ServiceGroup._run(services:…)")
    }
}
