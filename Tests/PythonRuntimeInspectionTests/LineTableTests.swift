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
}
