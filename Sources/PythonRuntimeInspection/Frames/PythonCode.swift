/// A code object: names, and the tables that tell lines and what stands on the value stack.
final class PythonCode {
    let address: UInt64
    let name: String
    let file: String
    let localNames: [String]
    /// Which of the locals are cells that hold the value (CO_FAST_CELL 0x40, CO_FAST_FREE 0x80).
    let localKinds: [UInt8]
    let stackSize: Int
    let start: UInt64
    let lines: LineTable
    let exceptions: ExceptionTable

    static let tableLimit = 1 << 20
    static let localsLimit = 1024

    /// nil for what is no code object.
    init?(_ address: UInt64, _ objects: PythonObjects) {
        let layout = objects.layout
        guard objects.type(of: address)?.fullName == "code", let count = objects.half(address &+ layout.codeLocalsCount),
            count <= Self.localsLimit, let stackSize = objects.half(address &+ layout.codeStackSize), stackSize <= 1 << 14,
            let firstLine = objects.half(address &+ layout.codeFirstLine),
            let name = objects.word(address &+ layout.codeQualifiedName).flatMap(objects.string),
            let file = objects.word(address &+ layout.codeFile).flatMap(objects.string)
        else { return nil }
        self.address = address
        self.name = name
        self.file = file
        self.stackSize = Int(stackSize)
        start = address &+ layout.codeBytes
        localNames = objects.word(address &+ layout.codeLocalNames).map { objects.tuple($0).map { objects.string($0) ?? "" } } ?? []
        localKinds = objects.word(address &+ layout.codeLocalKinds).flatMap { objects.bytes($0, limit: Self.localsLimit) } ?? []
        guard localNames.count == Int(count) else { return nil }
        func table(_ offset: UInt64) -> [UInt8] {
            objects.word(address &+ offset).flatMap { objects.bytes($0, limit: Self.tableLimit) } ?? []
        }
        lines = LineTable(table(layout.codeLines), firstLine: Int(Int32(bitPattern: firstLine)))
        exceptions = ExceptionTable(table(layout.codeExceptions))
    }

    /// Of the standard library, or of a package that was installed.
    var isOfLibrary: Bool { isLibrary || file.contains("-packages/") }

    /// Part of Python itself rather than of the program: its standard library and its frozen modules.
    var isLibrary: Bool {
        if file.hasPrefix("<frozen ") { return true }
        return file.contains("/lib/python3") && !file.contains("/site-packages/") && !file.contains("/dist-packages/")
    }

    /// The last part of the file's path.
    var baseName: String { file.split(separator: "/").last.map(String.init) ?? file }
}
