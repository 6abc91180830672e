internal import ProcessInspection

/// Where executable memory is mapped: asked for every frame of every task.
struct CodeRanges: Sendable {
    private let starts: [UInt64]
    private let ends: [UInt64]

    init(_ mappings: [MemoryMapping]) { self.init(of: mappings.filter(\.isExecutable)) }

    /// Data of files that cannot be written to.
    init(constantsIn mappings: [MemoryMapping]) { self.init(of: mappings.filter { $0.isFile && $0.isReadable && !$0.isWritable }) }

    private init(of mappings: [MemoryMapping]) {
        starts = mappings.map(\.start)
        ends = mappings.map(\.end)
    }

    func contains(_ address: UInt64) -> Bool {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= address { low = middle + 1 } else { high = middle }
        }
        return low < ends.count && starts[low] <= address
    }
}
