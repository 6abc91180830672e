internal import ProcessInspection

/// The description that CPython 3.13 and later keep of themselves at the start of `_PyRuntime`
/// (_Py_DebugOffsets, Include/internal/pycore_debug_offsets.h).
struct DebugOffsets {
    private let words: [UInt64]

    /// "xdebugpy" as a little-endian word.
    private static let cookie: UInt64 = 0x7970_6775_6265_6478
    /// Words of the description that 3.13 has and that are used here.
    private static let length = 46

    /// nil where there is none: before 3.13.
    init?(at runtime: UInt64, _ memory: any MemoryReader) {
        guard let words = try? memory.array(of: UInt64.self, at: runtime, count: Self.length), words[0] == Self.cookie else { return nil }
        self.words = words
    }

    var version: PythonVersion? { PythonVersion(hex: words[1]) }
    var isFreeThreaded: Bool { words[2] != 0 }

    /// The layout with what the description says instead; nil when an offset is out of all bounds.
    func applied(to layout: PythonLayout) -> PythonLayout? {
        guard words[3...].allSatisfy({ $0 < 1 << 24 }) else { return nil }
        var layout = layout
        layout.interpretersHead = words[5]
        layout.interpreterNext = words[8]
        // threads.next_unique_id stands right before threads.head.
        layout.threadsHead = words[9]
        layout.threadsMade = words[9] &- 8
        layout.modules = words[11]
        layout.gilPointer = words[14]
        layout.threadNext = words[21]
        layout.currentFrame = words[23]
        layout.threadIdent = words[24]
        layout.threadNative = words[25]
        layout.framePrevious = words[29]
        layout.frameCode = words[30]
        layout.frameInstruction = words[31]
        layout.frameLocals = words[32]
        layout.frameOwner = words[33]
        layout.codeFile = words[35]
        layout.codeQualifiedName = words[37]
        layout.codeLines = words[38]
        layout.codeFirstLine = words[39]
        layout.codeLocalNames = words[41]
        layout.codeLocalKinds = words[42]
        layout.codeBytes = words[43]
        return layout
    }
}
