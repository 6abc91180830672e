// Swift's own backtracing module, by its system programming interface: it can change with the
// toolchain (this is 6.2 to 6.3's), so nothing outside this file knows of it.
@_spi(Internal) @_spi(MemoryReaders) internal import Runtime

/// Names, files, lines and inlined frames by Swift's `Runtime` module: Swift, C and C++.
struct RuntimeSymbolizer {
    struct Entry {
        /// As the symbol table has it.
        var symbol: String
        var name: String
        var offset: Int
        var file: String?
        var line: Int?
        var column: Int?
        var isInlined: Bool
    }

    private let images: ImageMap

    init(pid: Int32) {
        images = ImageMap.capture(using: RemoteMemoryReader(pid: pid), forProcess: Int(pid))
    }

    /// What is known of each address, innermost inlined function first; empty where nothing is.
    func entries(for addresses: [CodeAddress]) -> [[Entry]] {
        var result = [[Entry]](repeating: [], count: addresses.count)
        let rich = addresses.map { address -> RichFrame<UInt64> in
            switch address.kind {
            case .exact: .programCounter(address.address)
            case .returnAddress: .returnAddress(address.address)
            case .asyncResume: .asyncResumePoint(address.address)
            }
        }
        let backtrace = Backtrace(architecture: "x86_64", frames: rich, images: images)
        guard let symbolicated = backtrace.symbolicated(with: images) else { return result }
        var index = 0
        for frame in symbolicated.frames {
            // Inlined frames come before the physical one, which ends an address's list.
            guard index < addresses.count else { break }
            if let symbol = frame.symbol {
                let place = symbol.sourceLocation
                result[index].append(
                    Entry(
                        symbol: symbol.rawName, name: symbol.name, offset: symbol.offset, file: place?.path,
                        line: place.flatMap { $0.line > 0 ? $0.line : nil },
                        column: place.flatMap { $0.column > 0 ? $0.column : nil }, isInlined: frame.inlined))
            }
            if !frame.inlined { index += 1 }
        }
        return result
    }
}
