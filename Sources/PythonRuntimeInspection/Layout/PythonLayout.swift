/// Where CPython keeps what, in bytes from the start of each structure.
///
/// Measured with offsetof on the headers of 3.11.2, 3.11.7, 3.12.1 and 3.13.0 for x86-64, where a
/// structure does not change within a minor version. From 3.13 on the interpreter describes the parts that
/// move itself (`DebugOffsets`).
struct PythonLayout {
    // _PyRuntimeState, PyInterpreterState
    var interpretersHead: UInt64
    var interpreterNext: UInt64
    var threadsHead: UInt64
    /// Thread states ever made, the main one included (threads.next_unique_id).
    var threadsMade: UInt64
    var modules: UInt64
    /// The GIL lies in the runtime (3.11) or behind a pointer in the interpreter.
    var gilInRuntime: UInt64?
    var gilPointer: UInt64?
    // PyThreadState
    var threadNext: UInt64 = 8
    var threadIdent: UInt64
    var threadNative: UInt64
    /// The current frame, or the _PyCFrame that has it at `currentInCFrame`.
    var currentFrame: UInt64
    var currentInCFrame: UInt64?
    // _PyInterpreterFrame
    var frameCode: UInt64
    var framePrevious: UInt64
    var frameGlobals: UInt64
    var frameNamespace: UInt64
    var frameInstruction: UInt64 = 56
    var frameOwner: UInt64
    var frameLocals: UInt64 = 72
    // PyCodeObject
    var codeFirstLine: UInt64
    var codeStackSize: UInt64
    var codeLocalsCount: UInt64
    var codeBytes: UInt64
    var codeExceptions: UInt64 = 40
    var codeLocalNames: UInt64 = 96
    var codeLocalKinds: UInt64 = 104
    var codeFile: UInt64 = 112
    var codeQualifiedName: UInt64 = 128
    var codeLines: UInt64 = 136
    // Objects
    var asciiHeader: UInt64
    var unicodeHeader: UInt64
    var cachedKeys: UInt64
    var instances: Instances
    var generatorFrame: UInt64
    /// TaskObj's task_num_cancels_requested (Modules/_asynciomodule.c): so many words from its coroutine.
    var taskCancels = 4
    /// PyLongObject: sign and size in ob_size (3.11), or in the low bits of lv_tag.
    var integersAreTagged: Bool
    /// simplequeueobject has a lock of its own (to 3.12), or waits in the parking lot.
    var simpleQueueHasLock: Bool

    /// How instances keep their attributes (Include/internal/pycore_object.h).
    enum Instances {
        /// Words -4 and -3 before the object: values, dictionary.
        case separateWords
        /// Word -3: values with bit 0 set, or a dictionary.
        case taggedWord
        /// Values behind the object itself where the type says so, dictionary at word -3.
        case inline
    }

    /// Owner of a frame that only marks an entry from C: no Python function.
    static let ownerShim: UInt8 = 3

    static func known(_ version: PythonVersion) -> PythonLayout? {
        switch version.minor {
        case 11: python311
        case 12: python312
        case 13: python313
        default: nil
        }
    }

    private static let python311 = PythonLayout(
        interpretersHead: 40, interpreterNext: 0, threadsHead: 16, threadsMade: 8, modules: 888, gilInRuntime: 360, threadIdent: 152,
        threadNative: 160, currentFrame: 56, currentInCFrame: 8, frameCode: 32, framePrevious: 48, frameGlobals: 8, frameNamespace: 24,
        frameOwner: 69, codeFirstLine: 72, codeStackSize: 68, codeLocalsCount: 76, codeBytes: 184, asciiHeader: 48, unicodeHeader: 72,
        cachedKeys: 872, instances: .separateWords, generatorFrame: 80, integersAreTagged: false, simpleQueueHasLock: true)

    private static let python312 = PythonLayout(
        interpretersHead: 40, interpreterNext: 0, threadsHead: 72, threadsMade: 64, modules: 944, gilPointer: 384, threadIdent: 136,
        threadNative: 144, currentFrame: 56, currentInCFrame: 0, frameCode: 0, framePrevious: 8, frameGlobals: 24, frameNamespace: 40,
        frameOwner: 70, codeFirstLine: 68, codeStackSize: 64, codeLocalsCount: 72, codeBytes: 192, asciiHeader: 40, unicodeHeader: 56,
        cachedKeys: 880, instances: .taggedWord, generatorFrame: 72, integersAreTagged: true, simpleQueueHasLock: true)

    private static let python313 = PythonLayout(
        interpretersHead: 632, interpreterNext: 7264, threadsHead: 7344, threadsMade: 7336, modules: 7656, gilPointer: 16, threadIdent: 152,
        threadNative: 160, currentFrame: 72, frameCode: 0, framePrevious: 8, frameGlobals: 24, frameNamespace: 40, frameOwner: 70,
        codeFirstLine: 68, codeStackSize: 64, codeLocalsCount: 72, codeBytes: 200, asciiHeader: 40, unicodeHeader: 56, cachedKeys: 880,
        instances: .inline, generatorFrame: 72, taskCancels: -2, integersAreTagged: true, simpleQueueHasLock: false)
}
