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
        /// Commands that turn `source.c` into `program`.
        private static let ways: [(name: String, needs: [String], script: String, lines: Bool)] = [
            ("plain", [], "clang -O1 -g source.c -o program", true),
            ("DWARF 4", [], "clang -O1 -gdwarf-4 source.c -o program", true),
            ("compressed by zlib", [], "clang -O1 -g source.c -o program && llvm-objcopy --compress-debug-sections=zlib program", true),
            ("compressed by zstd", [], "clang -O1 -g source.c -o program && { llvm-objcopy --compress-debug-sections=zstd program || objcopy --compress-debug-sections=zstd program || exit 77; }", true),
            ("stripped, debuglink", [], """
                clang -O1 -g source.c -o program && mkdir .debug && llvm-objcopy --only-keep-debug program .debug/program.debug \
                && llvm-objcopy --strip-all program && cd .debug && llvm-objcopy --add-gnu-debuglink=program.debug ../program
                """, true),
            ("stripped, symbols embedded", ["xz"], """
                clang -O1 source.c -o program && llvm-objcopy --only-keep-debug program symbols && xz symbols \
                && llvm-objcopy --strip-all program && llvm-objcopy --add-section .gnu_debugdata=symbols.xz program
                """, false),
            ("without .eh_frame", [], "clang -O1 -g -fno-asynchronous-unwind-tables -fomit-frame-pointer source.c -o program", true),
            ("a C library without unwind information", ["musl-gcc"], "musl-gcc -static -O1 -g source.c -o program", true),
            ("without .eh_frame_hdr", [], "clang -O1 -g -Wl,--no-eh-frame-hdr source.c -o program", true),
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

        private static func has(_ tool: String) -> Bool {
            (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }
        }
        private static let isReady = has("clang") && has("llvm-objcopy")

        @Test(.enabled(if: isReady, "needs clang and llvm-objcopy, of which Swift's toolchain has both"), arguments: ways.indices)
        func `stacks are whole, with names and lines`(way: Int) async throws {
            let way = Self.ways[way]
            guard way.needs.allSatisfy(Self.has) else { return }
            try await withTemporaryFolder { folder in
                try Data(Self.source.utf8).write(to: URL(fileURLWithPath: "\(folder)/source.c"))
                let made = try await HelperProcess.run("sh", ["-ec", way.script], workingDirectory: folder, deadline: .seconds(60))
                // Tools that know no zstd are older than such files.
                guard made.status != .exited(77) else { return }
                #expect(made.status == .exited(0), "\(way.name): \(made.errorText)")
                try await Standing.run(program: "\(folder)/program") { standing in
                    #expect(await eventually { standing.state.state == "S" })
                    let thread = try await standing.capture().thread(standing.pid)
                    let own = thread.stack.elements.filter { $0.module?.hasSuffix("/program") == true }
                    // Where the C library is part of the program, its frames come first.
                    let from = own.firstIndex { $0.function == "inner" } ?? 0
                    #expect(own[from...].prefix(3).map(\.function) == ["inner", "middle", "main"], "\(way.name): \(thread.stack)")
                    if way.lines { #expect(own[from...].prefix(3).map(\.line) == [3, 4, 5], "\(way.name): \(own)") }
                    let isGuessed = thread.stack.reason?.contains("were looked for on the stack") == true
                    #expect(thread.stack.status == .complete || (isGuessed && way.needs.contains("musl-gcc")), "\(way.name): \(thread.stack.reason ?? "")")
                }
            }
        }
    }
}
