internal import ProcessInspection

/// Walks the frames of a thread, innermost first.
struct FrameReader {
    let objects: PythonObjects
    private let codes = CodeCache()
    static let depthLimit = 512

    private final class CodeCache { var known: [UInt64: PythonCode?] = [:] }

    init(_ objects: PythonObjects) { self.objects = objects }

    /// - Returns: the frames, and why they are not all where they are not.
    func frames(from first: UInt64) -> (frames: [PythonFrame], trouble: String?) {
        let layout = objects.layout
        var frames: [PythonFrame] = []
        var seen: Set<UInt64> = []
        var next = first
        while next != 0 {
            guard seen.insert(next).inserted else { return (frames, "its frames form a circle") }
            guard seen.count <= Self.depthLimit else { return (frames, "only \(Self.depthLimit) frames are read") }
            guard let owner = objects.byte(next &+ layout.frameOwner), let previous = objects.word(next &+ layout.framePrevious) else {
                return (frames, "a frame cannot be read")
            }
            if owner != PythonLayout.ownerShim {
                guard owner < PythonLayout.ownerShim, let frame = frame(at: next) else { return (frames, "a frame makes no sense: it changed while it was read") }
                frames.append(frame)
            }
            next = previous
        }
        return (frames, nil)
    }

    func frame(at address: UInt64) -> PythonFrame? {
        let layout = objects.layout
        guard let codeAddress = objects.word(address &+ layout.frameCode), let code = code(at: codeAddress),
            let instruction = objects.word(address &+ layout.frameInstruction), let globals = objects.word(address &+ layout.frameGlobals),
            let namespace = objects.word(address &+ layout.frameNamespace)
        else { return nil }
        // Before its first instruction a frame stands one unit ahead of its code.
        let distance = Int64(bitPattern: instruction &- code.start)
        guard distance >= -2, distance < 1 << 24, distance % 2 == 0 else { return nil }
        let count = code.localNames.count + code.stackSize
        let slots = (try? objects.memory.array(of: UInt64.self, at: address &+ layout.frameLocals, count: count)) ?? []
        return PythonFrame(
            address: address, code: code, offset: Int(max(0, distance / 2)), globals: globals,
            namespace: namespace == globals || objects.type(of: namespace)?.isDictionary != true ? (code.name == "<module>" ? globals : 0) : namespace,
            slots: slots)
    }

    private func code(at address: UInt64) -> PythonCode? {
        if let known = codes.known[address] { return known }
        let read = PythonCode(address, objects)
        codes.known[address] = .some(read)
        return read
    }
}
