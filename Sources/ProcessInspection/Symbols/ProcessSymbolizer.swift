package import Evidence
internal import Synchronization

/// Symbols of one process: debugging information first, the symbol tables where there is none.
///
/// Answers are kept, so that an address is looked up once for each process.
package final class ProcessSymbolizer: Symbolizer {
    private let modules: ModuleTable
    private let known = Mutex<[CodeAddress: [Frame]]>([:])

    package init(modules: ModuleTable) { self.modules = modules }

    package func frames(for addresses: [CodeAddress]) -> [[Frame]] {
        known.withLock { known in
            addresses.map { address in
                if let frames = known[address] { return frames }
                let frames = look(up: address)
                known[address] = frames
                return frames
            }
        }
    }

    private func look(up address: CodeAddress) -> [Frame] {
        // Addresses outside every module have no symbols, and could be anything.
        guard let module = modules.module(at: address.address) else { return [Frame(programCounter: address.address)] }
        // A return address stands behind the call it belongs to.
        let linked = (address.kind == .returnAddress ? address.address &- 1 : address.address) &- module.bias
        let function = module.image.function(at: linked)
        var frames = module.image.sourceFrames(at: linked).map { source in
            var frame = Frame(
                programCounter: address.address, module: module.path, file: source.file, line: source.line,
                isInlined: source.isInlined, isAsync: address.kind == .asyncResume)
            frame.column = source.line == nil ? nil : source.column
            name(&frame, source.isInlined ? source.function : function?.symbol ?? source.function)
            return frame
        }
        if frames.isEmpty {
            frames = [Frame(programCounter: address.address, module: module.path, isAsync: address.kind == .asyncResume)]
            name(&frames[0], function?.symbol)
        }
        if let function { frames[frames.count - 1].offset = address.address &- module.bias &- function.start }
        return frames
    }

    private func name(_ frame: inout Frame, _ symbol: String?) {
        guard let symbol else { return }
        frame.function = Demangling.short(symbol) ?? SymbolName.withoutVersion(symbol)
        if frame.function != symbol { frame.symbol = symbol }
    }
}
