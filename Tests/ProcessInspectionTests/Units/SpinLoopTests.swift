import Testing

@testable import ProcessInspection

/// Loops of machine code as compilers write them, and those that do more than to look.
@Suite struct SpinLoopTests {
    private static let start: UInt64 = 0x1000

    private func loop(_ bytes: [UInt8], callee: [UInt8]? = nil) -> SpinLoop? {
        func decoded(_ bytes: [UInt8], _ start: UInt64) -> [Instruction] {
            var all: [Instruction] = []
            var at = 0
            while at < bytes.count, let next = InstructionDecoder.decode(bytes[at...], at: start &+ UInt64(at)) {
                all.append(next)
                at += next.length
            }
            return all
        }
        func text(_ instruction: Instruction) -> [UInt8]? {
            let (code, start) = instruction.address >= 0x2000 ? (callee ?? [], 0x2000) : (bytes, Self.start)
            let first = Int(instruction.address - start)
            return first + instruction.length <= code.count ? Array(code[first..<first + instruction.length]) : nil
        }
        return SpinLoop(decoded(bytes, Self.start)[...], bytes: text) { _ in callee.map { decoded($0, 0x2000) } }
    }

    @Test func `a flag is looked at`() {
        // pause; mov 0x10(%rip),%eax; test %eax,%eax; je
        #expect(loop([0xf3, 0x90, 0x8b, 0x05, 0x10, 0, 0, 0, 0x85, 0xc0, 0x74, 0xf4])?.places == [0x1018])
        // cmpl $2,0x10(%rip); jle
        #expect(loop([0x83, 0x3d, 0x10, 0, 0, 0, 2, 0x7e, 0xf7])?.places == [0x1017])
        // jmp to itself
        #expect(loop([0xeb, 0xfe])?.places == [])
        // movzbl 0x8(%rbx),%eax; xor $1,%eax; test %al,%al; jne: a field of an object
        #expect(loop([0x0f, 0xb6, 0x43, 8, 0x83, 0xf0, 1, 0x84, 0xc0, 0x75, 0xf5])?.readsElsewhere == true)
        // mov $1,%eax; xchg %eax,0x10(%rip); test %eax,%eax; jne: a lock
        #expect(loop([0xb8, 1, 0, 0, 0, 0x87, 0x05, 0x10, 0, 0, 0, 0x85, 0xc0, 0x75, 0xf1])?.places == [0x101b])
    }

    @Test(arguments: [
        // inc %eax; cmp 0x10(%rip),%eax; jne
        [0xff, 0xc0, 0x3b, 0x05, 0x10, 0, 0, 0, 0x75, 0xf6],
        // mov (%rax),%rax; test %rax,%rax; jne: a list
        [0x48, 0x8b, 0x00, 0x48, 0x85, 0xc0, 0x75, 0xf8],
        // mov -8(%rbp),%rax; mov (%rax),%rax; mov %rax,-8(%rbp); cmpq $0,-8(%rbp); jne: a list without optimisation
        [0x48, 0x8b, 0x45, 0xf8, 0x48, 0x8b, 0x00, 0x48, 0x89, 0x45, 0xf8, 0x48, 0x83, 0x7d, 0xf8, 0x00, 0x75, 0xee],
        // addl $1,-4(%rbp); cmpl $9,-4(%rbp); jle
        [0x83, 0x45, 0xfc, 1, 0x83, 0x7d, 0xfc, 9, 0x7e, 0xf6],
        // mov %eax,0x10(%rip); jmp: writes
        [0x89, 0x05, 0x10, 0, 0, 0, 0xeb, 0xf8],
        // syscall; jmp
        [0x0f, 0x05, 0xeb, 0xfc],
    ] as [[UInt8]]) func `a loop that does more is none`(_ bytes: [UInt8]) {
        #expect(loop(bytes) == nil)
    }

    @Test func `what a function does that it calls counts`() {
        // call; test %al,%al; je
        let calls: [UInt8] = [0xe8, 0xfb, 0x0f, 0, 0, 0x84, 0xc0, 0x74, 0xf7]
        // mov 0x10(%rip),%eax; ret
        #expect(loop(calls, callee: [0x8b, 0x05, 0x10, 0, 0, 0, 0xc3])?.places == [0x2016])
        // incl 0x10(%rip); ret
        #expect(loop(calls, callee: [0xff, 0x05, 0x10, 0, 0, 0, 0xc3]) == nil)
        #expect(loop(calls) == nil)
    }

    @Test func `what is passed in each round is found`() throws {
        // 0 call; 5 call; 10 jne 5; 12 jmp 0: the second comes after the first, in the inner loop too
        let bytes: [UInt8] = [0xe8, 0xfb, 0x0f, 0, 0, 0xe8, 0xf6, 0x0f, 0, 0, 0x75, 0xf9, 0xeb, 0xf2]
        let code = try #require(FunctionCode(symbol: "stage", range: 0x1000..<0x100e, memory: RecordedMemory([.init(address: 0x1000, bytes: bytes)])))
        let calls = code.instructions.filter { if case .call = $0.kind { true } else { false } }
        #expect(code.passed(before: 0x1005, among: calls) { _ in false }.map(\.address) == [0x1000])
        #expect(code.passed(before: 0x1000, among: calls) { _ in false }.isEmpty)
        // 0 jmp 7; 2 call; 7 je 2; 9 call; 14 jmp 0: the first is called only until what it waits for is there
        let looping: [UInt8] = [0xeb, 5, 0xe8, 0xf9, 0x0f, 0, 0, 0x74, 0xf9, 0xe8, 0xf2, 0x0f, 0, 0, 0xeb, 0xf0]
        let stage = try #require(FunctionCode(symbol: "stage", range: 0x1000..<0x1010, memory: RecordedMemory([.init(address: 0x1000, bytes: looping)])))
        let waits = stage.instructions.filter { if case .call = $0.kind { true } else { false } }
        #expect(stage.passed(before: 0x1009, among: waits) { _ in false }.map(\.address) == [0x1002])
        #expect(stage.passed(before: 0x1002, among: waits) { _ in false }.isEmpty)
        // 14 jmp 7: the second is called only when the first has waited, or need not
        let turning = Array(looping.dropLast()) + [0xf7]
        let turn = try #require(FunctionCode(symbol: "turn", range: 0x1000..<0x1010, memory: RecordedMemory([.init(address: 0x1000, bytes: turning)])))
        #expect(turn.passed(before: 0x1002, among: waits) { _ in false }.isEmpty)
        #expect(code.innermostLoop(around: 0x1005)?.map(\.address) == [0x1005, 0x100a])
    }
}
