/// What code reads, and whether it waits.
extension CodeReach {
    /// Whether code that a thread can still come to refers to one of some places by itself, and not by way of pointers; nil where that cannot be told.
    func refers(to places: Set<UInt64>, from frames: [UInt64]) -> Bool? {
        let search = search(from: frames)
        guard search.shortfall == nil else { return nil }
        return places.contains { place in
            // Whoever has the address of an object may mean any of its fields.
            search.places.contains(place) || search.objects.contains { $0 <= place && place < $0 &+ Self.object_bytes }
        }
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

    /// The code of a function that a call leads to within the program; empty where it does no more than to give the processor away.
    func body(of call: Instruction) -> [Instruction]? {
        var slot: UInt64?
        switch call.kind {
        case .callThrough(let place): slot = place
        case .call(let target):
            slot = self.slot(ofStubAt: target)
            if slot == nil { return function(at: target).flatMap { $0.range.lowerBound == target ? $0.instructions : nil } }
        default: return nil
        }
        let name = slot.flatMap { place in modules.module(at: place).flatMap { imports(of: $0).names[place] } }
        return name == "sched_yield" || name == "pthread_yield" ? [] : nil
    }

    func bytes(of instruction: Instruction) -> [UInt8]? { try? memory.bytes(at: instruction.address, upTo: instruction.length) }

    /// Whether the code at an address was linked to lie anywhere: only then does it refer to what is fixed by where it lies itself.
    func isRelocatable(_ address: UInt64) -> Bool { modules.module(at: address).map { $0.bias != 0 } ?? false }
}
