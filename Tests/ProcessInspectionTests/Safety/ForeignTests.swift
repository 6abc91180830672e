import Evidence
import Foundation
import Glibc
import ProcessInspection
import Processes
import Testing

/// Programs that are not for the processor that Hangscope knows.
extension LiveProcessTests {
    @Suite struct ForeignTests {
        /// Without a library, so that none need be there for 32 bits: says ready, and waits for a signal (pause is 29 there, which is shmat here).
        private static let source = """
            static int call(int n, int a, int b, int c) { int r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory"); return r; }
            void _start(void) { call(4, 1, (int)"ready\\n", 6); for (;;) call(29, 0, 0, 0); }
            """

        @Test(.enabled(if: DebugFileTests.has("clang") && DebugFileTests.has("ld.lld"), "needs clang and lld, of which Swift's toolchain has both"), arguments: [StopMode.perThread, .stopAll])
        func `a program of 32 bits gives what does not depend on that, and a reason`(mode: StopMode) async throws {
            try await withTemporaryFolder { folder in
                try Data(Self.source.utf8).write(to: URL(fileURLWithPath: "\(folder)/source.c"))
                let made = try await HelperProcess.run(
                    "clang", ["-m32", "-nostdlib", "-static", "-ffreestanding", "-fno-pic", "-fuse-ld=lld", "source.c", "-o", "program"],
                    workingDirectory: folder, deadline: .seconds(60))
                #expect(made.status == .exited(0), "\(made.errorText)")
                try await Standing.run(program: "\(folder)/program") { standing in
                    #expect(await eventually { standing.state.state == "S" })
                    let snapshot = try await standing.capture { $0.stopMode = mode }
                    let thread = try snapshot.thread(standing.pid)
                    #expect(thread.stack.status == .unavailable && thread.stack.reason?.contains("32 bits") == true)
                    #expect(thread.syscall == nil && thread.wait?.kind == .other && thread.pause.method == .none)
                    #expect(snapshot.unobserved.contains { $0.what == "stacks and system calls of process \(standing.pid)" })
                    #expect(snapshot.descriptors.status == .complete && !snapshot.descriptors.elements.isEmpty)
                    #expect(standing.isFree && standing.child.exitStatus == nil)
                }
            }
        }
    }
}
