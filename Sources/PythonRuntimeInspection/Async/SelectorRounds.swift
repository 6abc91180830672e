internal import Evidence
internal import ProcessInspection

/// Event loops of the program's own or of asyncio, known by the selector at which each of their rounds begins.
struct SelectorRounds {
    let objects: PythonObjects
    let uses: CodeUses
    private static let frameLimit = 24
    private static let valueLimit = 64
    private static let lookLimit = 16

    /// The descriptors that a thread looks at in each round of such a loop, where it stands elsewhere in the middle of a round; nil where it is in none.
    ///
    /// - Parameter frames: of the thread, innermost first.
    func polled(_ frames: [PythonFrame]) -> [Int32]? {
        guard frames.first?.code.file.hasSuffix("/selectors.py") == false else { return nil }
        var rounds: [PythonFrame] = []
        for frame in frames.prefix(Self.frameLimit) {
            let code = uses.instructions(of: frame.code)
            guard let standing = code.lastIndex(where: { $0.unit <= frame.offset }) else { return nil }
            let flow = uses.flow(code)
            let ahead = flow.reached(from: flow.successors[standing])
            let looks = uses.calls(code, names: objects.names(of: frame.code), frame.globals).filter { Self.looks.contains($0.name) && $0.row < standing }.prefix(Self.lookLimit)
            // One that goes round in a loop of its own, or is called anew in each round of another's.
            if looks.contains(where: { flow.reached(from: [$0.row]).contains(standing) }) { rounds.append(frame) }
            guard ahead.contains(standing) else { continue }
            let found = Set(rounds.flatMap { descriptors($0) })
            if !found.isEmpty { return found.sorted() }
            rounds = []
        }
        return nil
    }

    /// Methods that wait for events: of the module `selectors`, and of `select.epoll` and `select.poll`.
    private static let looks: Set<String> = ["select", "poll"]

    /// Of the selectors that a function has at hand.
    private func descriptors(_ frame: PythonFrame) -> [Int32] {
        let use = uses.use(of: frame.code, from: 0)
        let globals = use.globals.isEmpty ? [] : objects.entries(of: frame.globals).filter { use.globals.contains($0.name) }.map(\.value)
        let near = frame.locals(objects).prefix(Self.valueLimit).map(\.value) + globals
        return (near + near.flatMap { value in use.attributes.isEmpty ? [] : objects.attributes(of: value).prefix(Self.valueLimit).filter { use.attributes.contains($0.name) }.map(\.value) }).flatMap(watched)
    }

    private func watched(by value: UInt64) -> [Int32] {
        guard let type = objects.type(of: value) else { return [] }
        if type.descends(from: "selectors.BaseSelector") { return objects.attribute("_fd_to_key", of: value).map(keys) ?? [] }
        // Modules/selectmodule.c: behind the object's head the descriptor of an epoll set; of a poll object a dictionary.
        if type.fullName == "select.epoll" { return objects.half(value &+ 16).map { [Int32(bitPattern: $0)] } ?? [] }
        return type.fullName == "select.poll" ? objects.word(value &+ 16).map(keys) ?? [] : []
    }

    private func keys(_ dictionary: UInt64) -> [Int32] { objects.pairs(of: dictionary).compactMap { objects.integer($0.key).flatMap { Int32(exactly: $0) } } }
}
