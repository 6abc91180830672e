import Evidence
import Foundation
import ProcessInspection
import Processes
import Testing

/// Debugging information wherever compilers and distributions put it, on a program that is compiled in each way.
extension LiveProcessTests {
    @Suite struct DebugFileTests {
        private static let source = """
            #include <stdio.h>
            #include <unistd.h>
            __attribute__((noinline)) static int inner(int n) { int r = pause() + n; __asm__ volatile("" ::: "memory"); return r; }
            __attribute__((noinline)) static int middle(int n) { int r = inner(n) * 2; __asm__ volatile("" ::: "memory"); return r; }
            int main(void) { puts("ready"); fflush(stdout); int r = middle(4); __asm__ volatile("" ::: "memory"); return r; }
            """
        /// A way to compile it: commands that turn `source.c` into `program`.
        private struct Way {
            var name: String
            var script: String
            var hasLines = true
            /// There is no unwind information: frames are looked for on the stack.
            var isGuessed = false
        }
        private static let ways = [
            Way(name: "plain", script: "clang -O1 -g source.c -o program"),
            Way(name: "DWARF 4", script: "clang -O1 -gdwarf-4 source.c -o program"),
            Way(name: "split", script: "clang -O1 -g -gsplit-dwarf source.c -o program"),
            Way(name: "split, DWARF 4", script: "clang -O1 -gdwarf-4 -gsplit-dwarf source.c -o program"),
            Way(name: "compressed by zlib", script: "clang -O1 -g source.c -o program && llvm-objcopy --compress-debug-sections=zlib program"),
            Way(name: "stripped, debuglink", script: """
                clang -O1 -g source.c -o program && mkdir .debug && llvm-objcopy --only-keep-debug program .debug/program.debug \
                && llvm-objcopy --strip-all program && cd .debug && llvm-objcopy --add-gnu-debuglink=program.debug ../program
                """),
            Way(name: "without .eh_frame", script: "clang -O1 -g -fno-asynchronous-unwind-tables -fomit-frame-pointer source.c -o program"),
            Way(name: "without .eh_frame_hdr", script: "clang -O1 -g -Wl,--no-eh-frame-hdr source.c -o program"),
        ]

        /// Three programs that share an inlined function, which dwz moves to a file that all three name.
        private static let shared = """
            struct first_structure_of_all { long first_member, second_member, third_member; char *fourth_member; };
            struct second_structure_of_all { struct first_structure_of_all inside; double another_member; struct second_structure_of_all *next_member; };
            static inline __attribute__((always_inline)) int shared_by_all(int number) { struct second_structure_of_all s; s.another_member = pause(); s.inside.first_member = number; __asm__ volatile("" : : "r"(&s) : "memory"); return number; }
            """

        @Test(.enabled(if: isReady && has("dwz"), "needs clang and dwz")) func `what dwz moved to a file of its own is read`() async throws {
            try await withTemporaryFolder { folder in
                let source = Self.source.replacing("pause() + n", with: "shared_by_all(n)").replacing("#include <unistd.h>", with: "#include <unistd.h>\n#include \"shared.h\"")
                try Data(source.utf8).write(to: URL(fileURLWithPath: "\(folder)/source.c"))
                try Data(Self.shared.utf8).write(to: URL(fileURLWithPath: "\(folder)/shared.h"))
                let made = try await HelperProcess.run(
                    "sh", ["-ec", "for name in program b c; do clang -O1 -gdwarf-4 -D$name \(folder)/source.c -o $name; done; dwz -m common program b c"],
                    workingDirectory: folder, deadline: .seconds(60))
                #expect(made.status == .exited(0), "\(made.errorText)")
                try await Standing.run(program: "\(folder)/program") { standing in
                    #expect(await eventually { standing.state.state == "S" })
                    let own = try await standing.capture().thread(standing.pid).stack.elements.filter { $0.module?.hasSuffix("/program") == true }
                    #expect(own.prefix(4).map(\.function) == ["shared_by_all", "inner", "middle", "main"], "\(own)")
                    #expect(own.first?.isInlined == true && own.first?.line == 3)
                }
            }
        }

        static func has(_ tool: String) -> Bool {
            (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }
        }
        private static let isReady = has("clang") && has("llvm-objcopy")
        /// The tools of some systems are older than debugging information compressed by zstd.
        private static let zstd = "llvm-objcopy --compress-debug-sections=zstd program || objcopy --compress-debug-sections=zstd program"
        private static func packsByZstd() async throws -> Bool {
            guard isReady else { return false }
            return try await withTemporaryFolder { folder in
                let script = "echo 'int main(void) { return 0; }' | clang -g -x c - -o program; \(zstd)"
                return try await HelperProcess.run("sh", ["-ec", script], workingDirectory: folder, deadline: .seconds(60)).status == .exited(0)
            }
        }

        @Test(.enabled(if: isReady, "needs clang and llvm-objcopy, of which Swift's toolchain has both"), arguments: ways.indices)
        func `stacks are whole, with names and lines`(way: Int) async throws { try await check(Self.ways[way]) }

        @Test(.enabled("needs clang, and an objcopy that knows zstd") { try await packsByZstd() })
        func `debugging information compressed by zstd is read`() async throws {
            try await check(Way(name: "compressed by zstd", script: "clang -O1 -g source.c -o program && { \(Self.zstd); }"))
        }

        @Test(.enabled(if: isReady && has("xz"), "needs clang, llvm-objcopy and xz"))
        func `symbols embedded in a stripped program are read`() async throws {
            let script = """
                clang -O1 source.c -o program && llvm-objcopy --only-keep-debug program symbols && xz symbols \
                && llvm-objcopy --strip-all program && llvm-objcopy --add-section .gnu_debugdata=symbols.xz program
                """
            try await check(Way(name: "stripped, symbols embedded", script: script, hasLines: false))
        }

        @Test(.enabled(if: has("musl-gcc"), "needs musl-gcc of musl-tools"))
        func `frames are found through a C library without unwind information`() async throws {
            try await check(Way(name: "musl", script: "musl-gcc -static -O1 -g source.c -o program", isGuessed: true))
        }

        private func check(_ way: Way) async throws {
            try await withTemporaryFolder { folder in
                try Data(Self.source.utf8).write(to: URL(fileURLWithPath: "\(folder)/source.c"))
                let made = try await HelperProcess.run("sh", ["-ec", way.script], workingDirectory: folder, deadline: .seconds(60))
                #expect(made.status == .exited(0), "\(way.name): \(made.errorText)")
                try await Standing.run(program: "\(folder)/program") { standing in
                    #expect(await eventually { standing.state.state == "S" })
                    let thread = try await standing.capture().thread(standing.pid)
                    let own = thread.stack.elements.filter { $0.module?.hasSuffix("/program") == true }
                    // Where the C library is part of the program, its frames come first.
                    let from = own.firstIndex { $0.function == "inner" } ?? 0
                    #expect(own[from...].prefix(3).map(\.function) == ["inner", "middle", "main"], "\(way.name): \(thread.stack)")
                    if way.hasLines { #expect(own[from...].prefix(3).map(\.line) == [3, 4, 5], "\(way.name): \(own)") }
                    let saysSo = thread.stack.reason?.contains("were looked for on the stack") == true
                    #expect(thread.stack.status == .complete || (saysSo && way.isGuessed), "\(way.name): \(thread.stack.reason ?? "")")
                }
            }
        }
    }
}
