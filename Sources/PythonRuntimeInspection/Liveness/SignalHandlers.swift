internal import ProcessInspection

/// The program's handlers of signals: the interpreter's table `Handlers` of a flag and a function for each signal
/// (Modules/signalmodule.c; from 3.12 on within _PyRuntime). Static, so found by its form.
enum SignalHandlers {
    private static let limit_bytes: UInt64 = 4 << 20
    /// Signals 1 to 64 (NSIG - 1), each with two words.
    private static let count = 64
    /// Most of them have one and the same: the default.
    private static let alike = 40
    private static let mostKinds = 16
    /// SIGINT.
    private static let interrupt = 2

    /// Functions of the program; nil where the table is not found.
    static func all(_ runtime: PythonRuntime, _ maps: [MemoryMapping], _ objects: PythonObjects) -> [UInt64]? {
        for area in areas(around: runtime.address, maps) {
            guard let words = try? objects.memory.array(of: UInt64.self, at: area.lowerBound, count: Int(area.upperBound - area.lowerBound) / 8) else { continue }
            if let found = table(words, objects) { return found }
        }
        return nil
    }

    /// The interpreter's own data, and what lies next to it.
    private static func areas(around address: UInt64, _ maps: [MemoryMapping]) -> [Range<UInt64>] {
        guard let row = maps.firstIndex(where: { $0.start <= address && address < $0.end }) else { return [] }
        var rows = [row]
        while let last = rows.last, last + 1 < maps.count, maps[last + 1].start == maps[last].end, maps[last + 1].isWritable, maps[last + 1].path.isEmpty || maps[last + 1].path == maps[row].path { rows.append(last + 1) }
        return rows.map { maps[$0].start..<min(maps[$0].end, maps[$0].start + limit_bytes) }
    }

    private static func table(_ words: [UInt64], _ objects: PythonObjects) -> [UInt64]? {
        words.withUnsafeBufferPointer { words in
            var row = 1
            while row + 2 * count <= words.count {
                // Hardly anybody handles real-time signals.
                guard words[row + 2 * 40] != 0, words[row + 2 * 40] == words[row + 2 * 50], words[row - 1] & 0xffff_ffff < 2,
                    let found = functions(words, row, objects)
                else {
                    row += 1
                    continue
                }
                return found
            }
            return nil
        }
    }

    private static func functions(_ words: UnsafeBufferPointer<UInt64>, _ row: Int, _ objects: PythonObjects) -> [UInt64]? {
        let values = (0..<count).map { words[row + 2 * $0] }
        guard (0..<count).allSatisfy({ words[row + 2 * $0 - 1] & 0xffff_ffff < 2 }), values.allSatisfy(PythonObjects.isPlausible),
            values.count(where: { $0 == values[count - 1] }) >= alike, Set(values).count <= mostKinds
        else { return nil }
        var functions: [UInt64] = []
        for (row, value) in values.enumerated() {
            guard let type = objects.type(of: value) else { return nil }
            // What interrupts a program from its terminal ends it.
            if type.isInteger || type.fullName == "NoneType" || row + 1 == interrupt { continue }
            functions.append(value)
        }
        return functions
    }
}
