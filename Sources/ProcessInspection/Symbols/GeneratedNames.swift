internal import Evidence
internal import Glibc
internal import Synchronization

/// Names of functions that a just-in-time compiler made, from the map that it wrote: /tmp/perf-PID.map, of lines
/// `START SIZE name` in hexadecimal. Node with --perf-basic-prof, .NET, Python with -X perf and agents of Java write it.
///
/// tools/perf/Documentation/jit-interface.txt of the kernel.
package final class GeneratedNames: Sendable {
    private static let fileLimit_bytes = 64 << 20
    private static let entryLimit = 1_000_000
    /// Code is compiled again at places that are free again: entries looked at for one address.
    private static let overlapping = 16
    private static let nameLimit = 512

    private struct Entry {
        var start: UInt64
        var size: UInt64
        /// Later ones replace earlier ones.
        var ordinal: Int
        var name: String
    }
    private struct Map {
        var path: String
        var entries: [Entry]
    }
    private let proc: ProcDirectory
    /// Read when first asked for.
    private let map = Mutex<Map?>(nil)

    package init(_ proc: ProcDirectory) { self.proc = proc }

    /// nil when the process has not said what lies there.
    func frame(at address: CodeAddress) -> Frame? {
        map.withLock { map in
            if map == nil { map = read() }
            guard let map, let entry = Self.entry(map.entries, address.kind == .returnAddress ? address.address &- 1 : address.address) else { return nil }
            var frame = Frame(programCounter: address.address, isAsync: address.kind == .asyncResume)
            frame.function = entry.name
            frame.module = map.path
            frame.offset = address.address &- entry.start
            return frame
        }
    }

    private static func entry(_ entries: [Entry], _ address: UInt64) -> Entry? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        return entries[max(0, low - overlapping)..<low].filter { address - $0.start < $0.size }.max { $0.ordinal < $1.ordinal }
    }

    private func read() -> Map {
        // Its name has the id that the process knows itself by, in its own file system.
        let status = try? proc.status()
        let own = status?["NSpid"]?.split(whereSeparator: { $0 == " " || $0 == "\t" }).last.map(String.init) ?? "\(proc.pid)"
        let path = "/tmp/perf-\(own).map"
        for root in ["\(proc.path)/root", ""] {
            let file = root + path
            // Whoever may write to /tmp could leave one there for somebody else's process.
            guard let facts = FileFacts(pid: proc.pid, path: file, of: path), facts.isRegular,
                facts.owner == 0 || facts.owner == status?.userID, let text = try? ProcFile.text(file, limit: Self.fileLimit_bytes)
            else { continue }
            return Map(path: path, entries: Self.parse(text))
        }
        return Map(path: path, entries: [])
    }

    private static func parse(_ text: String) -> [Entry] {
        var entries: [Entry] = []
        for line in text.split(separator: "\n") where entries.count < entryLimit {
            let fields = line.split(separator: " ", maxSplits: 2)
            guard fields.count == 3, let start = number(fields[0]), let size = number(fields[1]), size > 0, !start.addingReportingOverflow(size).overflow
            else { continue }
            entries.append(Entry(start: start, size: size, ordinal: entries.count, name: String(fields[2].prefix(nameLimit))))
        }
        return entries.sorted { $0.start < $1.start }
    }

    private static func number(_ text: Substring) -> UInt64? { UInt64(text.hasPrefix("0x") ? text.dropFirst(2) : text, radix: 16) }
}
