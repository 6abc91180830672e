/// What code reads, and whether it waits.
extension CodeReach {
    /// Whether code that a thread can still come to refers to one of some places by itself, and not by way of pointers; nil where that cannot be told.
    ///
    /// - Parameter byAddress: only takes their address.
    func refers(to places: Set<UInt64>, from frames: [UInt64], byAddress: Bool = false) -> Bool? {
        let search = search(from: frames)
        guard search.shortfall == nil else { return nil }
        return places.contains { place in
            // Whoever has the address of an object may mean any of its fields.
            !byAddress && search.places.contains(place) || search.objects.contains { extent(ofObjectAt: $0).contains(place) }
        }
    }

    /// By its symbol, where it has one; else as many bytes as objects seldom exceed.
    private func extent(ofObjectAt place: UInt64) -> Range<UInt64> {
        let module = modules.module(at: place)
        let linked = module.map { place &- $0.bias } ?? 0
        guard let module, let range = module.image.extent(ofObjectAt: linked)?.range, range.contains(linked) else { return place..<place &+ Self.object_bytes }
        return range.lowerBound &+ module.bias..<range.upperBound &+ module.bias
    }

    private static let object_bytes: UInt64 = 256

    /// Whether a call may wait, without a limit, for another thread.
    func mayWait(_ call: Instruction) -> Bool {
        var search = Search()
        switch call.kind {
        case .call(let target): called(target, &search)
        case .callThrough(let slot): calledThrough(slot, &search)
        default: return false
        }
        search.stopsAtWait = true
        run(&search)
        return search.hasWait
    }

    func isCall(_ instruction: Instruction) -> Bool {
        switch instruction.kind {
        case .call, .callThrough: true
        default: false
        }
    }

    /// The code of a function that a call leads to within the program; empty where it does no more than to give the processor away, for a while or for long.
    func body(of call: Instruction) -> [Instruction]? {
        if case .call(let target) = call.kind, slot(ofStubAt: target) == nil {
            guard let code = function(at: target), code.range.lowerBound == target else { return nil }
            return Releasing.isPauseOfLanguage(code.symbol) ? [] : code.instructions
        }
        return importedName(of: call).map(Releasing.isPause) == true ? [] : nil
    }

    func bytes(of instruction: Instruction) -> [UInt8]? { try? memory.bytes(at: instruction.address, upTo: instruction.length) }

    /// Whether the code at an address was linked to lie anywhere: only then does it refer to what is fixed by where it lies itself.
    func isRelocatable(_ address: UInt64) -> Bool { modules.module(at: address).map { $0.bias != 0 } ?? false }
}
