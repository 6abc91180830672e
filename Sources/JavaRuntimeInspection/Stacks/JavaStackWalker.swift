internal import Evidence

/// Walks the Java frames of a thread from where it last left Java code.
///
/// Frame layouts are those of x86-64: src/hotspot/cpu/x86/frame_x86.hpp and .cpp.
struct JavaStackWalker {
    private let memory: TargetMemory
    private let code: CodeCache
    private let methods: JavaMethods
    private let scopes: ScopeReader
    private let lastSP, lastFP, lastPC: UInt64
    private let compiledMethod: UInt64
    private let callStubReturn: UInt64
    private let wrapperAnchor: UInt64

    /// Words from the frame pointer: frame_x86.hpp, "Interpreter frames".
    private enum Slot {
        static let senderSP: Int64 = -1, method: Int64 = -3, locals: Int64 = -7, codePointer: Int64 = -8
        /// Entry frames: `entry_frame_call_wrapper_offset`.
        static let wrapper: Int64 = -6
    }
    static let frameLimit = 1024

    private struct Position {
        var sp, unextendedSP, fp, pc: UInt64
    }

    /// Where a thread stood that runs Java code.
    struct Registers {
        var sp, fp, pc: UInt64
    }

    init(
        _ tables: HotSpotTables, _ memory: TargetMemory, code: CodeCache, methods: JavaMethods
    ) throws(HotSpotAbsence) {
        self.memory = memory
        self.code = code
        self.methods = methods
        scopes = ScopeReader(tables, memory, methods)
        lastSP = try tables.offset("JavaFrameAnchor::_last_Java_sp")
        lastFP = try tables.offset("JavaFrameAnchor::_last_Java_fp")
        lastPC = try tables.offset("JavaFrameAnchor::_last_Java_pc")
        compiledMethod = try tables.offset("CompiledMethod::_method", "nmethod::_method")
        callStubReturn = memory.word(try tables.address("StubRoutines::_call_stub_return_address")) ?? 0
        wrapperAnchor = try tables.offset("JavaCallWrapper::_anchor")
    }

    /// Frames, innermost first.
    ///
    /// - Parameters:
    ///   - anchor: address of the thread's JavaFrameAnchor.
    ///   - stack: addresses of the thread's stack.
    ///   - registers: for a thread that has not left Java code.
    func walk(anchor: UInt64, stack: Range<UInt64>, registers: Registers?) -> Observed<[JavaFrame]> {
        let running = registers.flatMap { code.contains($0.pc) ? Position(sp: $0.sp, unextendedSP: $0.sp, fp: $0.fp, pc: $0.pc) : nil }
        guard var position = position(ofAnchor: anchor) ?? running else { return .complete([]) }
        var frames: [JavaFrame] = []
        for _ in 0..<Self.frameLimit {
            guard stack.contains(position.sp), position.sp & 7 == 0 else { return cut(frames, "a frame lies outside its stack") }
            guard let blob = code.blob(at: position.pc) else { return cut(frames, "code of an unknown kind") }
            guard var next = step(position, blob, &frames) else { return .complete(frames) }
            if next.pc == 0, let pc = memory.word(next.sp &- 8) { next.pc = pc }
            guard next.sp > position.sp else { return cut(frames, "frames run in a circle") }
            position = next
        }
        return cut(frames, "more than \(Self.frameLimit) frames")
    }

    private func cut(_ frames: [JavaFrame], _ reason: String) -> Observed<[JavaFrame]> {
        frames.isEmpty ? .unavailable(reason: "the Java stack cannot be followed: \(reason)") : .partial(frames, reason: "outer Java frames are missing: \(reason)")
    }

    private func position(ofAnchor anchor: UInt64) -> Position? {
        guard let sp = memory.pointer(anchor &+ lastSP) else { return nil }
        let pc = memory.pointer(anchor &+ lastPC) ?? memory.word(sp &- 8) ?? 0
        return Position(sp: sp, unextendedSP: sp, fp: memory.word(anchor &+ lastFP) ?? 0, pc: pc)
    }

    /// Adds the frame at a position and gives its caller's; nil at the outermost one.
    private func step(_ position: Position, _ blob: CodeCache.Blob, _ frames: inout [JavaFrame]) -> Position? {
        if position.pc == callStubReturn {
            // Java was called from native code here: what called that is behind the anchor saved then.
            guard let wrapper = slot(position.fp, Slot.wrapper), wrapper != 0 else { return nil }
            return self.position(ofAnchor: wrapper &+ wrapperAnchor)
        }
        if blob.name == "Interpreter" {
            addInterpreted(position, &frames)
            guard let pc = memory.word(position.fp &+ 8), let fp = memory.word(position.fp), let sender = slot(position.fp, Slot.senderSP) else { return nil }
            return Position(sp: position.fp &+ 16, unextendedSP: sender, fp: fp, pc: pc)
        }
        if blob.isMethod, let address = memory.pointer(blob.address &+ compiledMethod) {
            frames += scopes.frames(in: blob, pc: position.pc, method: address)
        }
        guard blob.frameSize >= 16 else { return nil }
        let sender = position.unextendedSP &+ blob.frameSize
        guard let pc = memory.word(sender &- 8), let fp = memory.word(sender &- 16) else { return nil }
        return Position(sp: sender, unextendedSP: sender, fp: fp, pc: pc)
    }

    private func addInterpreted(_ position: Position, _ frames: inout [JavaFrame]) {
        guard let address = slot(position.fp, Slot.method), let method = methods.method(address) else { return }
        var frame = JavaFrame(method: method, index: nil, place: address, line: nil, locals: locals(position.fp))
        if let pointer = slot(position.fp, Slot.codePointer), pointer >= method.code, pointer - method.code < method.codeSize {
            frame.index = pointer - method.code
            frame.place = pointer
            frame.line = methods.line(method, at: pointer - method.code)
        }
        frames.append(frame)
    }

    /// Since JDK 22 a number of words from the frame pointer stands there (JDK-8299795), before that the address.
    private func locals(_ fp: UInt64) -> UInt64? {
        slot(fp, Slot.locals).map { $0 < 1 << 20 ? fp &+ $0 &* 8 : $0 }
    }

    private func slot(_ fp: UInt64, _ words: Int64) -> UInt64? { memory.word(fp &+ UInt64(bitPattern: words * 8)) }
}
