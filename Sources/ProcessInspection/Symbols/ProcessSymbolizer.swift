package import Evidence
internal import Synchronization

/// Symbols of one process: debugging information first, the symbol tables where there is none.
///
/// Answers are kept, so that an address is looked up once for each process.
package final class ProcessSymbolizer: Symbolizer {
    private let modules: ModuleTable
    private let known = Mutex<[CodeAddress: [Frame]]>([:])

    private let generated: GeneratedNames?

    /// - Parameter generated: names of code that lies in no file, where the process may have written any.
    package init(modules: ModuleTable, generated: GeneratedNames? = nil) {
        self.modules = modules
        self.generated = generated
    }

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
        // Addresses outside every module could be anything.
        guard let module = modules.module(at: address.address) else {
            return [generated?.frame(at: address) ?? Frame(programCounter: address.address)]
        }
        let linked = CodeAddress(address.address &- module.bias, address.kind)
        return module.image.named(linked, by: look(up:in:)).map { known in
            var frame = known
            frame.programCounter = address.address
            frame.module = module.path
            return frame
        }
    }

    /// The same for every process that has the file mapped: the image keeps it.
    private func look(up address: CodeAddress, in image: ModuleImage) -> [Frame] {
        // A return address stands behind the call it belongs to.
        let place = address.kind == .returnAddress ? address.address &- 1 : address.address
        let function = image.function(at: place)
        var frames = image.sourceFrames(at: place).map { source in
            var frame = Frame(
                programCounter: 0, file: source.file, line: source.line, isInlined: source.isInlined, isAsync: address.kind == .asyncResume)
            frame.column = source.line == nil ? nil : source.column
            name(&frame, source.isInlined ? source.function : function?.symbol ?? source.function)
            return frame
        }
        if frames.isEmpty {
            frames = [Frame(programCounter: 0, isAsync: address.kind == .asyncResume)]
            name(&frames[0], function?.symbol)
        }
        if let function { frames[frames.count - 1].offset = address.address &- function.start }
        return frames
    }

    private func name(_ frame: inout Frame, _ symbol: String?) {
        guard let symbol else { return }
        frame.function = Demangling.short(symbol) ?? SymbolName.withoutVersion(symbol)
        if frame.function != symbol { frame.symbol = symbol }
    }
}
