import Testing

@testable import ProcessInspection

/// Instructions of x86-64, as `objdump -d` shows them.
@Suite struct InstructionTests {
    /// Bytes of one instruction each.
    static let lengths: [[UInt8]] = [
        [0x55], [0x48, 0x89, 0xe5], [0x48, 0x83, 0xec, 0x20], [0x48, 0x81, 0xec, 0, 1, 0, 0], [0xb8, 1, 0, 0, 0], [0x66, 0xb8, 1, 0],
        [0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8], [0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0], [0xf3, 0x0f, 0x1e, 0xfa], [0x66, 0x0f, 0x1f, 0x44, 0, 0],
        [0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0], [0xf6, 0xc1, 0x01], [0xf7, 0xd8], [0xf7, 0x05, 0, 0, 0, 0, 1, 0, 0, 0], [0xc5, 0xf8, 0x77],
        [0xc5, 0xf9, 0x6f, 0x07], [0xc4, 0xe2, 0x7d, 0x78, 0xc0], [0xc4, 0xe3, 0x7d, 0x39, 0xc1, 1], [0x62, 0xf1, 0x7c, 0x48, 0x11, 0x07], [0x0f, 0xba, 0xe0, 3],
        [0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8], [0x69, 0xc0, 0xe8, 3, 0, 0], [0x66, 0x69, 0xc0, 0xe8, 3], [0xf0, 0x0f, 0xb1, 0x17], [0x41, 0x0f, 0xb6, 0x84, 0x24, 0, 1, 0, 0],
    ]

    @Test(arguments: lengths) func `an instruction ends where the next begins`(_ bytes: [UInt8]) throws {
        let decoded = try #require(InstructionDecoder.decode((bytes + [0x90, 0x90])[...], at: 0x1000))
        #expect(decoded.length == bytes.count)
        #expect(InstructionDecoder.decode(bytes.dropLast()[...], at: 0x1000)?.length != bytes.count)
    }

    @Test(arguments: [
        ([0xe8, 0x0b, 0, 0, 0], Instruction.Kind.call(0x1010)), ([0xe9, 0xfb, 0xff, 0xff, 0xff], .jump(0x1000)), ([0xeb, 0xfe], .jump(0x1000)), ([0x74, 0x0e], .branch(0x1010)),
        ([0x0f, 0x85, 0x0a, 0, 0, 0], .branch(0x1010)), ([0xff, 0xd0], .indirectCall), ([0x41, 0xff, 0xe3], .indirectJump), ([0xff, 0x15, 0x0a, 0, 0, 0], .callThrough(0x1010)),
        ([0xff, 0x25, 0x0a, 0, 0, 0], .jumpThrough(0x1010)), ([0xff, 0x50, 0x18], .indirectCall), ([0xc3], .end), ([0x0f, 0x0b], .end), ([0x0f, 0x05], .systemCall),
    ] as [([UInt8], Instruction.Kind)]) func `control goes where it says`(_ bytes: [UInt8], _ kind: Instruction.Kind) {
        #expect(InstructionDecoder.decode(bytes[...], at: 0x1000)?.kind == kind)
    }

    /// mov 0x100(%rip),%rax; lea 8(%rsp),%rdi; mov $1,%esi; and then call *%rax, or what else there may be.
    @Test(arguments: [
        ([0xff, 0xd0], Instruction.Kind.callThrough(0x1107)), ([0xff, 0xd1], .indirectCall), ([0xff, 0x50, 0x18], .indirectCall),
        ([0x48, 0x8b, 0x00, 0xff, 0xd0], .indirectCall), ([0xe8, 0, 0, 0, 0, 0xff, 0xd0], .indirectCall), ([0x0f, 0x28, 0xc1, 0xff, 0xd0], .callThrough(0x1107)),
    ] as [([UInt8], Instruction.Kind)]) func `a call through a register goes where the register was loaded from`(_ call: [UInt8], _ kind: Instruction.Kind) throws {
        let bytes: [UInt8] = [0x48, 0x8b, 0x05, 0, 1, 0, 0, 0x48, 0x8d, 0x7c, 0x24, 8, 0xbe, 1, 0, 0, 0] + call + [0xc3]
        let code = try #require(FunctionCode(symbol: "f", range: 0x1000..<0x1000 + UInt64(bytes.count), memory: RecordedMemory([.init(address: 0x1000, bytes: bytes)])))
        #expect(code.instructions.dropLast().last?.kind == kind)
    }

    /// push %rbx; mov 0x100(%rip),%rbx; and then what may change it, or not: mov %rbx,%rdi; test %ebx,%ebx; mov %rdi,%rbx; cpuid; add $1,%rbx; pop %rbx; movups (%rdi),%xmm3; and
    /// a second load. Before call *%rbx.
    @Test(arguments: [
        ([], Instruction.Kind.callThrough(0x1108)), ([0x48, 0x89, 0xdf], .callThrough(0x1108)), ([0x85, 0xdb], .callThrough(0x1108)), ([0x48, 0x89, 0xfb], .indirectCall),
        ([0x0f, 0xa2], .indirectCall), ([0x48, 0x83, 0xc3, 1], .indirectCall), ([0x5b], .callThrough(0x1108)), ([0x0f, 0x10, 0x1f], .callThrough(0x1108)),
        ([0x48, 0x8b, 0x1d, 0, 1, 0, 0], .indirectCall), ([0x48, 0x8b, 0x1d, 0xf9, 0, 0, 0], .callThrough(0x1108)),
    ] as [([UInt8], Instruction.Kind)]) func `a call through a register that is kept goes where the only thing leads that is put into it`(_ change: [UInt8], _ kind: Instruction.Kind) throws {
        // A call in between: the register is kept through it, and what it is not kept from is not looked for behind it.
        let bytes: [UInt8] = [0x53, 0x48, 0x8b, 0x1d, 0, 1, 0, 0] + change + [0xe8, 0, 0, 0, 0, 0xff, 0xd3, 0x5b, 0xc3]
        let code = try #require(FunctionCode(symbol: "f", range: 0x1000..<0x1000 + UInt64(bytes.count), memory: RecordedMemory([.init(address: 0x1000, bytes: bytes)])))
        #expect(code.instructions.dropLast(2).last?.kind == kind)
    }

    /// movslq (%rcx,%rax,4),%rax; add %rcx,%rax; jmp *%rax; and a method that is called last.
    @Test(arguments: [
        ([0x48, 0x63, 0x04, 0x81, 0x48, 0x01, 0xc8, 0xff, 0xe0], true), ([0x48, 0x63, 0x04, 0x81, 0x48, 0x01, 0xc8, 0x3e, 0xff, 0xe0], true),
        ([0x48, 0x8b, 0x40, 0x18, 0xff, 0xe0], false), ([0x48, 0x01, 0xc8, 0xff, 0xe1], false),
    ] as [([UInt8], Bool)]) func `a switch leads nowhere but into its function`(_ bytes: [UInt8], _ isSwitch: Bool) throws {
        let code = try #require(FunctionCode(symbol: "f", range: 0x1000..<0x1000 + UInt64(bytes.count), memory: RecordedMemory([.init(address: 0x1000, bytes: bytes)])))
        #expect(try code.isSwitch(#require(code.instructions.last)) == isSwitch)
    }

    /// test %eax,%eax; je to the end; jmp back to the start; nop, which nothing leads to; ret.
    @Test func `what follows in a function is not all that can still run`() throws {
        let bytes: [UInt8] = [0x85, 0xc0, 0x74, 0x03, 0xeb, 0xfa, 0x90, 0xc3]
        let code = try #require(FunctionCode(symbol: "f", range: 0x1000..<0x1008, memory: RecordedMemory([.init(address: 0x1000, bytes: bytes)])))
        #expect(code.reached(from: 0x1004, ends: { _ in false })?.map(\.address) == [0x1000, 0x1002, 0x1004, 0x1007])
        #expect(code.reached(from: 0x1006, ends: { _ in false })?.map(\.address) == [0x1006, 0x1007])
    }

    @Test func `an address relative to the instruction counts from its end`() {
        // lea 0x10(%rip),%rdi and movl $1,0x10(%rip)
        #expect(InstructionDecoder.decode([0x48, 0x8d, 0x3d, 0x10, 0, 0, 0][...], at: 0x1000)?.reference == 0x1017)
        #expect(InstructionDecoder.decode([0xc7, 0x05, 0x10, 0, 0, 0, 1, 0, 0, 0][...], at: 0x1000)?.reference == 0x101a)
    }

    @Test(arguments: [
        // mov (%r14),%rax; mov 0x88(%rax),%r12; mov %rdi,-0x18(%rbp); mov %rax,%rcx; call *0x50(%rax)
        ([0x49, 0x8b, 0x06], Instruction.Move.load(to: 0, base: 14, offset: 0)), ([0x4c, 0x8b, 0xa0, 0x88, 0, 0, 0], .load(to: 12, base: 0, offset: 0x88)),
        ([0x48, 0x89, 0x7d, 0xe8], .store(from: 7, base: 5, offset: -0x18)), ([0x48, 0x89, 0xc1], .copy(from: 0, to: 1)),
        ([0xff, 0x50, 0x50], .load(to: Instruction.nowhere, base: 0, offset: 0x50)),
    ] as [([UInt8], Instruction.Move)]) func `a word is moved`(_ bytes: [UInt8], _ move: Instruction.Move) {
        #expect(InstructionDecoder.decode(bytes[...], at: 0x1000)?.move == move)
    }

    @Test func `methods are taken from classes by way of objects, also ones that were kept meanwhile`() throws {
        func slots(_ bytes: [[UInt8]], _ symbol: String) throws -> Set<Int64> {
            let code = try bytes.map { try #require(InstructionDecoder.decode($0[...], at: 0x1000)) }
            return Set(SwiftClasses.slots(loadedBy: code[...], of: symbol) { _ in nil }.map(\.offset))
        }
        // mov (%r13),%rax; mov %rax,-0x10(%rbp); mov -0x10(%rbp),%rcx; mov 0x50(%rcx),%rdx
        #expect(try slots([[0x49, 0x8b, 0x45, 0], [0x48, 0x89, 0x45, 0xf0], [0x48, 0x8b, 0x4d, 0xf0], [0x48, 0x8b, 0x51, 0x50]], "$s4main1fyyF") == [0x50])
        // mov (%r14),%rax; mov 0x88(%rax),%rdi: the caller's context, where an async function is resumed.
        #expect(try slots([[0x49, 0x8b, 0x06], [0x48, 0x8b, 0xb8, 0x88, 0, 0, 0]], "$s4main1fyyYaFTQ1_") == [])
        #expect(try slots([[0x49, 0x8b, 0x06], [0x48, 0x8b, 0xb8, 0x88, 0, 0, 0]], "$s4main1fyyF") == [0x88])
    }

    @Test(arguments: [
        ("$s10Foundation10FileHandleC13standardErrorACvgZ", "$s10Foundation10FileHandleC"), ("$s10Foundation6NSLockCACycfC", "$s10Foundation6NSLockC"),
        ("$s10Foundation10FileHandleC14availableDataAA0E0Vvg", nil), ("$s4main5CacheC6sharedACvgZ", nil),
    ]) func `an object has the class that the function which gives it tells`(_ function: String, _ owner: String?) throws {
        // call; mov %rax,%r13; mov (%r13),%rax; mov 0x2f8(%rax),%rax
        let code = try [[0xe8, 0, 0, 0, 0], [0x49, 0x89, 0xc5], [0x49, 0x8b, 0x45, 0], [0x48, 0x8b, 0x80, 0xf8, 2, 0, 0]].enumerated().map { row, bytes in
            try #require(InstructionDecoder.decode(bytes.map { UInt8($0) }[...], at: 0x1000 + UInt64(row) * 16))
        }
        #expect(SwiftClasses.slots(loadedBy: code[...], of: "$s4main1fyyF") { _ in function } == [SwiftClasses.Slot(offset: 0x2f8, owner: owner)])
    }

    @Test(arguments: [
        ("$sScC6resume9returningyxn_tF", "/usr/lib/swift/linux/libswift_Concurrency.so", SwiftReleasing.Effect.release),
        ("swift_task_cancel", "/usr/lib/swift/linux/libswift_Concurrency.so", .release), ("swift_task_switch", "/usr/lib/swift/linux/libswift_Concurrency.so", .nothing),
        ("$s10Foundation6ThreadC5sleep15forTimeIntervalySd_tFZTj", "/usr/lib/swift/linux/libFoundation.so", .nothing),
        ("$s10Foundation11NSConditionC6signalyyFTj", "/usr/lib/swift/linux/libFoundation.so", .release),
        ("$s10Foundation7ProcessC3runyyKFTj", "/usr/lib/swift/linux/libFoundation.so", .unknown), ("dispatch_resume", "/usr/lib/swift/linux/libdispatch.so", .unknown),
    ]) func `what Swift's libraries do for others`(_ name: String, _ path: String, _ effect: SwiftReleasing.Effect) {
        #expect(SwiftReleasing.effect(of: name, in: path) == effect)
    }

    @Test func `any bytes give an instruction of at most fifteen or none`() {
        var state: UInt64 = 88_172_645_463_325_252
        for _ in 0..<20_000 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let bytes = withUnsafeBytes(of: (state, state &* 0x9e37_79b9_7f4a_7c15)) { Array($0) }
            if let decoded = InstructionDecoder.decode(bytes[...], at: state) { #expect(decoded.length > 0 && decoded.length <= 15) }
        }
    }
}
