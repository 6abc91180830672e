package import Evidence
internal import Synchronization

/// Symbols of one process: Swift's own reader first, the symbol tables where it guesses.
///
/// Answers are kept, so that an address is looked up once for each process.
package final class ProcessSymbolizer: Symbolizer {
    private struct State {
        var known: [CodeAddress: [Frame]] = [:]
        var runtime: RuntimeSymbolizer?
    }
    private let pid: Int32
    private let modules: ModuleTable
    private let state = Mutex(State())

    package init(pid: Int32, modules: ModuleTable) {
        self.pid = pid
        self.modules = modules
    }

    package func frames(for addresses: [CodeAddress]) -> [[Frame]] {
        state.withLock { state in
            var asked: Set<CodeAddress> = []
            let new = addresses.filter { state.known[$0] == nil && asked.insert($0).inserted }
            if !new.isEmpty {
                // Addresses outside every module have no symbols, and could be anything.
                let inside = new.filter { modules.module(at: $0.address) != nil }
                if !inside.isEmpty, state.runtime == nil { state.runtime = RuntimeSymbolizer(pid: pid) }
                let entries = inside.isEmpty ? [] : state.runtime?.entries(for: inside) ?? []
                for (index, address) in inside.enumerated() {
                    state.known[address] = frames(address, index < entries.count ? entries[index] : [])
                }
                for address in new where state.known[address] == nil {
                    state.known[address] = [Frame(programCounter: address.address)]
                }
            }
            return addresses.map { state.known[$0] ?? [Frame(programCounter: $0.address)] }
        }
    }

    private func frames(_ address: CodeAddress, _ entries: [RuntimeSymbolizer.Entry]) -> [Frame] {
        let module = modules.module(at: address.address)
        let lookup = address.kind == .returnAddress ? address.address &- 1 : address.address
        let function = module.flatMap { $0.image.function(at: lookup &- $0.bias) }
        var frames: [Frame] = []
        for entry in entries where entry.isInlined || entry.line != nil || function != nil {
            var frame = Frame(programCounter: address.address, module: module?.path, isInlined: entry.isInlined, isAsync: address.kind == .asyncResume)
            // Without line information Swift's reader takes the nearest symbol before, however
            // far; the symbol that covers the address is the true one.
            let symbol = entry.isInlined || entry.line != nil ? entry.symbol : function?.symbol ?? entry.symbol
            let name = symbol == entry.symbol ? entry.name : symbol
            frame.function = SymbolName.shortened(name)
            frame.symbol = frame.function == symbol ? nil : symbol
            if let function, let module, !entry.isInlined { frame.offset = address.address &- module.bias &- function.start }
            frame.file = entry.file
            frame.line = entry.line
            frame.column = entry.column
            frames.append(frame)
        }
        if frames.last.map(\.isInlined) ?? true {
            var frame = Frame(programCounter: address.address, module: module?.path, isAsync: address.kind == .asyncResume)
            if let function, let module {
                frame.function = SymbolName.shortened(function.symbol)
                frame.symbol = frame.function == function.symbol ? nil : function.symbol
                frame.offset = address.address &- module.bias &- function.start
            }
            frames.append(frame)
        }
        return frames
    }
}
