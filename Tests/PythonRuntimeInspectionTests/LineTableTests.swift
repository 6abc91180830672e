import Foundation
import Testing

@testable import PythonRuntimeInspection

@Suite struct TableTests {
    /// co_linetable of 3.11 for `def f():\n  x = 1\n  return x`, first line 1, by the interpreter itself.
    @Test func linesOfAFunction() {
        let table = LineTable([0x80, 0x00, 0xd8, 0x08, 0x09, 0x80, 0x41, 0xd8, 0x0b, 0x0c, 0x80, 0x48], firstLine: 1)
        #expect(table.line(at: 0) == 1)
        #expect(table.line(at: 1) == 2)
    }

    @Test(arguments: [[], [0x80], [0xff, 0xff, 0xff], Array(repeating: 0xf0, count: 300)] as [[UInt8]])
    func damagedTablesEnd(bytes: [UInt8]) {
        _ = LineTable(bytes, firstLine: 1).line(at: 1000)
        #expect(ExceptionTable(bytes).depth(at: 5) >= 0)
    }

    /// By the interpreter's own tables: a cache that is taken for an instruction may be any.
    @Test(.enabled(if: StandingPython.isReadable, StandingPython.needed)) func instructionsAndTheirCachesAreTold() throws {
        let script = """
            import opcode, sys
            try:
                import _opcode_metadata as m
                names = {n: s for table in (m.opmap, m._specialized_opmap) for s, n in table.items()}
                base = {s: b for b, forms in m._specializations.items() for s in forms}
            except ImportError:
                names = {n: s for n, s in enumerate(opcode.opname) if not s.startswith("<")}
                base = {s: b for b, forms in opcode._specializations.items() for s in forms}
                free = (n for n in range(1, 256) if n not in dict(names))
                for s in opcode._specialized_instructions:
                    names[next(free)] = s
            caches = opcode._inline_cache_entries
            print(sys.version_info.minor)
            for n, s in sorted(names.items()):
                b = base.get(s, s)
                if n < 256 and not s.startswith("INSTRUMENTED"):
                    print(n, caches.get(b, 0) if isinstance(caches, dict) else caches[opcode.opmap[b]])
            """
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: StandingPython.interpreter)
        process.arguments = ["-c", script]
        process.standardOutput = output
        try process.run()
        let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n")
        process.waitUntilExit()
        let opcodes = try #require(lines.first.flatMap { Int($0) }.flatMap(Opcodes.known))
        #expect(lines.count > 100)
        for line in lines.dropFirst() {
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            try #require(numbers.count == 2)
            #expect(opcodes.cacheUnits(UInt8(numbers[0])) == numbers[1], "instruction \(numbers[0])")
        }
    }
}
