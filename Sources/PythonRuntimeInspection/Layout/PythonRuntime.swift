internal import ProcessInspection

/// CPython as loaded in a process: where its state lies, and in which layout.
struct PythonRuntime {
    let address: UInt64
    let version: PythonVersion
    let layout: PythonLayout

    enum Finding {
        /// The process does not run Python.
        case none
        case unavailable(String)
        case found(PythonRuntime)
    }

    /// Versions older than this keep no thread ids, and their frames are other objects.
    private static let oldest = 11

    // Exported also by stripped interpreters: extension modules link against them.
    private static let symbol = "_PyRuntime", oldSymbol = "PyEval_GetFrame"

    static func isPresent(_ modules: ModuleTable) -> Bool { [symbol, oldSymbol].contains { modules.address(ofSymbol: $0) != nil } }

    static func find(_ modules: ModuleTable, _ memory: any MemoryReader) -> Finding {
        guard let address = modules.address(ofSymbol: symbol) else {
            return modules.address(ofSymbol: oldSymbol) != nil ? .unavailable("the interpreter exports no _PyRuntime: Python 3.7 or later has it") : .none
        }
        let described = DebugOffsets(at: address, memory)
        let hex = modules.address(ofSymbol: "Py_Version").flatMap { try? memory.load(UInt64.self, at: $0) }
        guard let version = described?.version ?? hex.flatMap({ PythonVersion(hex: $0 & 0xffff_ffff) }) else {
            return .unavailable("this interpreter does not tell its version: Python 3.\(oldest) and later do")
        }
        if described?.isFreeThreaded == true { return .unavailable("Python \(version) without its global lock is not read") }
        guard var layout = PythonLayout.known(version) else { return .unavailable("the layout of Python \(version) is not known: 3.11 to 3.13 are") }
        if let described {
            guard let applied = described.applied(to: layout) else { return .unavailable("the interpreter's description of itself makes no sense") }
            layout = applied
        }
        return .found(PythonRuntime(address: address, version: version, layout: layout))
    }
}
