import Evidence
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// Who could still resume a continuation.
@Suite struct ResumerTests {
    private func task(_ role: String, of program: StandingProgram) async throws -> TaskRecord {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let (context, _) = try TaskForestContext.alone(pid: program.pid, deadline: .now + .seconds(20))
            let view = View(TaskForestReader.read(in: context), program: program)
            // Threads that were just busy may not have gone to rest yet.
            if let task = view.roles[role], task.state == .suspended, task.wait?.resumers?.status == .complete
                || ContinuousClock.now >= deadline
            {
                return task
            }
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test func heldContinuationHasItsHolder() async throws {
        try await StandingProgram.with("continuation-checked") { program in
            let wait = try #require(try await task("caller", of: program).wait)
            #expect(wait.createdBy == "complete(call:)")
            let resumers = try #require(wait.resumers)
            #expect(resumers.elements.contains { $0.hasPrefix("CallRegistry") }, "\(resumers)")
        }
    }

    @Test func droppedContinuationHasNobody() async throws {
        try await StandingProgram.with("continuation-dropped") { program in
            let wait = try #require(try await task("waiter", of: program).wait)
            #expect(wait.kind == .continuation)
            #expect(wait.resumers == .complete([]))
            #expect(wait.onlyThrough == [])
        }
    }

    /// An actor that holds the continuation of the one task that leads to the actor.
    @Test func continuationThatOnlyItsOwnTaskLeadsTo() async throws {
        try await StandingProgram.with("continuation-own") { program in
            let task = try await task("caller", of: program)
            #expect(task.wait?.resumers == .complete([]))
            #expect(task.unreachability == " that only the waiting task itself leads to (through OwnRegistry)", "\(task.wait?.onlyThrough ?? [])")
        }
    }

    @Test func connectionIsTheOneWhoseHandlerHoldsThePromise() async throws {
        try await StandingProgram.with("two-connections") { program in
            let sockets = SocketTable.read(networkNamespaceOf: program.pid).elements
            try #require(program.tasks.count == 2)
            var named = 0
            for role in program.tasks.keys {
                let wait = try #require(try await task(role, of: program).wait)
                #expect(wait.kind == .eventLoopFuture)
                // A word that was left over may lead from the other connection as well: then neither is named.
                guard let descriptor = wait.descriptor else { continue }
                named += 1
                let target = try ProcDirectory(pid: program.pid).descriptorTarget(descriptor)
                let socket = try #require(sockets.first { target == "socket:[\($0.inode)]" })
                #expect(role.hasSuffix("-\(socket.local.port)"), "\(role) waits for \(socket)")
            }
            #expect(named > 0)
        }
    }

    @Test func futureOfNoConnectionHasNone() async throws {
        try await StandingProgram.with("future-get") { program in
            let waiter = try await task("waiter", of: program)
            #expect(waiter.wait?.kind == .eventLoopFuture && waiter.wait?.descriptor == nil)
        }
    }

    @Test(arguments: [("sleep", "sleeper", TaskWait.Kind.sleep), ("stream", "consumer", .stream), ("future-get", "waiter", .eventLoopFuture), ("idle-worker", "consumer", .stream)])
    func libraryWaitsAreRecognisedAndCanEnd(exhibit: String, role: String, kind: TaskWait.Kind) async throws {
        try await StandingProgram.with(exhibit) { program in
            let wait = try #require(try await task(role, of: program).wait)
            #expect(wait.kind == kind)
            #expect(wait.resumers?.elements.isEmpty == false, "somebody still holds it: to say nobody would be a wrong proof")
        }
    }

    @Test func framesHaveNamesFilesAndLines() async throws {
        try await StandingProgram.with("detached") { program in
            let frames = try await task("detached", of: program).backtrace.elements
            let steps = frames.filter { $0.file?.hasSuffix("/Waits.swift") == true && $0.line != nil }.compactMap(\.function)
            #expect(steps.starts(with: ["innerStep()", "outerStep()"]), "\(steps)")
        }
    }
}
