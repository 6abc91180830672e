internal import Evidence

/// Which functions running code can come to: from the frames of a thread on through what they call or take the address of.
///
/// What cannot be told from the instructions alone (calls through pointers, code that is not found) makes the answer partial.
/// What may be called is rather overestimated: whatever a function refers to counts as called.
package final class CodeReach {
    let modules: ModuleTable
    let memory: any MemoryReader
    private let deadline: ContinuousClock.Instant
    /// Whether functions without names are read too. Who knows those of a language's library by their names takes them for the program's own then.
    private let readsUnnamed: Bool
    var isLate: Bool { ContinuousClock.now >= deadline }
    private var functions: [UInt64: FunctionCode?] = [:]
    /// What calls mean for who speaks first on a connection, by function or slot.
    var exchanges: [UInt64: ExchangeOrder.Step] = [:]
    /// What functions do for a thread whose wait is over.
    var rests: [UInt64: Rest] = [:]
    private var imports: [UInt64: Imports] = [:]
    /// What the program's data leads to: addresses in its own file, and the metadata of classes; nil where that is more than can be followed.
    package var ledFrom: (Range<UInt64>) -> Set<UInt64>? = { _ in nil }

    private static let functionLimit = 2000
    // Words of a table: those of closures and threads have four or five.
    private static let tableLength: UInt64 = 8
    private static let witnessLength: UInt64 = 24

    package init(modules: ModuleTable, memory: any MemoryReader, deadline: ContinuousClock.Instant, readsUnnamed: Bool = false) {
        self.readsUnnamed = readsUnnamed
        self.modules = modules
        self.memory = memory
        self.deadline = deadline
    }

    /// The program's own code: neither the C library's nor that of the language.
    func isProgram(_ address: UInt64) -> Bool { modules.module(at: address).map { !Releasing.isLeaf($0.path) } ?? true }

    func imports(of module: ModuleTable.Module) -> Imports {
        if let known = imports[module.start] { return known }
        let read = Imports(module, memory: memory)
        imports[module.start] = read
        return read
    }

    /// The function that covers an address, decoded.
    func function(at address: UInt64) -> FunctionCode? {
        guard let module = modules.module(at: address), case let linked = address &- module.bias,
            let extent = module.image.extent(ofFunctionAt: linked) ?? (readsUnnamed ? module.image.extent(ofUnnamedAt: linked) : nil)
        else { return nil }
        let start = extent.range.lowerBound &+ module.bias
        let end = extent.range.upperBound &+ module.bias
        guard start < end else { return nil }
        if let known = functions[start] { return known }
        let read = functions.count < Self.functionLimit && ContinuousClock.now < deadline
            ? FunctionCode(symbol: extent.symbol, range: start..<end, memory: memory) : nil
        functions[start] = .some(read)
        return read
    }

    // MARK: Following

    struct Search {
        var releases: Set<String> = []
        var shortfall: String?
        var seen: Set<UInt64> = []
        var queue: [UInt64] = []
        /// Functions of other files that are called or referred to.
        var imported: Set<String> = []
        /// Places that are read or written, and those whose address is taken.
        var places: Set<UInt64> = []
        var objects: Set<UInt64> = []
        /// A function of the language's library that waits was met.
        var waits = false
        /// Whether to follow tables of functions: who calls through one is not shown to release nobody anyway.
        var readsTables = false
        var stopsAtSignal = false
        /// A part of the name that the signal has which is looked for.
        var wanted = ""
        /// Swift's code: methods are called by way of classes, and what its libraries do is told by the names of their functions.
        var classes: SwiftClasses?
        /// Descriptors of the classes of which it may have an object at hand; nil for all.
        var met: Set<UInt64>?
        /// Places in classes by way of which methods are called, and what the program's data was looked at for classes.
        var slots: Set<SwiftClasses.Slot> = []
        var looked: Set<UInt64> = []

        var stopsAtWait = false

        var hasWait: Bool { waits || imported.contains(where: Releasing.isWait) }
        var signal: String? { releases.filter { (Releasing.isSignal($0) || SwiftReleasing.isSignal($0)) && (wanted.isEmpty || $0.contains(wanted)) }.min() }
        var isOver: Bool {
            stopsAtSignal && signal != nil || stopsAtWait && (hasWait || seen.count > 200)
        }
    }

    /// - Parameter frames: program counters of the thread's frames, innermost first; the first exact, the others return addresses.
    func releases(from frames: [UInt64]) -> Observed<[String]> {
        let search = search(from: frames, byWays: true)
        return search.shortfall.map { .partial(search.releases.sorted(), reason: $0) } ?? .complete(search.releases.sorted())
    }

    /// The classes of the program's own file; nil where it is not only its own, but holds Swift's runtime as well.
    lazy var swiftClasses: SwiftClasses? = {
        guard let own = modules.modules.first, modules.modules.contains(where: { $0.path.contains("/libswiftCore.so") }) else { return nil }
        // The standard library's classes have no methods that let others go on.
        let libraries = modules.modules.filter { SwiftReleasing.isLibrary($0.path) && ["Foundation", "libswiftDispatch"].contains(where: $0.path.contains) }
        return SwiftClasses(of: own, imports: imports(of: own).names.values, libraries: libraries, memory: memory)
    }()

    func isOfSwift(_ address: UInt64) -> Bool { modules.module(at: address).map { SwiftReleasing.isLibrary($0.path) } ?? false }

    /// A function that lets a waiting thread go on and that the program can come to from its beginning on.
    ///
    /// - Parameter wanted: a part of its name, where any other will not do.
    package func signal(fromFunction name: String, like wanted: String = "") -> String? {
        guard let module = modules.modules.first, let linked = module.image.address(ofSymbol: name) else { return nil }
        if !wanted.isEmpty, let called = imports(of: module).names.values.filter({ $0.contains(wanted) }).min() { return called }
        var search = Search(seen: [linked &+ module.bias], queue: [linked &+ module.bias], readsTables: true)
        search.classes = swiftClasses
        search.stopsAtSignal = true
        search.wanted = wanted
        run(&search)
        return search.signal
    }

    /// Whether a function calls nothing but others that do not, either: it only looks at memory.
    func onlyLooks(_ address: UInt64) -> Bool {
        var search = Search(seen: [address], queue: [address])
        run(&search)
        return search.shortfall == nil && search.imported.isEmpty && search.releases.isEmpty && search.seen.count < 16
    }

    /// Swift's runtime: counts references, and sees to it that nobody else has access meanwhile.
    func isCallOfRuntime(_ target: UInt64) -> Bool {
        slot(ofStubAt: target).flatMap { slot in modules.module(at: slot).flatMap { imports(of: $0).names[slot] } }?.hasPrefix("swift_") == true
    }

    /// A call of a function that ends the program or throws.
    func doesNotReturn(_ call: Instruction) -> Bool {
        switch call.kind {
        case .call(let target):
            if let slot = slot(ofStubAt: target) { return doesNotReturn(through: slot) }
            return function(at: target).map { Releasing.doesNotReturn($0.symbol) } ?? false
        case .callThrough(let slot): return doesNotReturn(through: slot)
        default: return false
        }
    }

    private func doesNotReturn(through slot: UInt64) -> Bool {
        (modules.module(at: slot).flatMap { imports(of: $0).names[slot] } ?? ownFunction(in: slot)?.symbol).map(Releasing.doesNotReturn) ?? false
    }

    /// The file's own function to which a pointer leads that cannot change any more, as the dynamic linker leaves those.
    private func ownFunction(in slot: UInt64) -> FunctionCode? {
        guard isConstant(slot), let target = try? memory.load(UInt64.self, at: slot), let code = function(at: target), code.range.lowerBound == target else { return nil }
        return code
    }

    func run(_ search: inout Search) {
        while let next = search.queue.popLast(), search.seen.count < Self.functionLimit, !search.isOver {
            guard !isLate else { return search.shortfall = "there was no time to read all of the code" }
            guard let code = function(at: next) else {
                search.shortfall = "the code of a function that it calls could not be read"
                continue
            }
            if Releasing.isLeafOfRust(code.symbol) { continue }
            if Releasing.isWaitOfRust(code.symbol) { search.waits = true }
            if Releasing.isUnlockOfRust(code.symbol) { search.releases.insert("Mutex unlock"); continue }
            if Releasing.isRelease(code.symbol) { search.releases.insert(code.symbol); continue }
            look(through: code.instructions[...], of: code, &search)
            addColdPart(of: code, &search)
        }
    }

    /// GCC puts what is rarely run, such as handlers of exceptions, into a function of its own that only the unwinder may know.
    func addColdPart(of code: FunctionCode, _ search: inout Search) {
        guard let module = modules.module(at: code.range.lowerBound), let cold = module.image.address(ofSymbol: code.symbol + ".cold") else { return }
        visit(cold &+ module.bias, &search)
    }

    func visit(_ address: UInt64, _ search: inout Search) {
        if search.seen.insert(address).inserted { search.queue.append(address) }
    }

    func look(through instructions: ArraySlice<Instruction>, of code: FunctionCode, _ search: inout Search) {
        if let classes = search.classes {
            let slots = SwiftClasses.slots(loadedBy: instructions, of: code.symbol) { symbol(of: $0) }
            for slot in slots where search.slots.insert(slot).inserted { call(slot, classes, &search) }
        }
        for instruction in instructions {
            switch instruction.kind {
            case .call(let target), .jump(let target), .branch(let target):
                if !code.range.contains(target) { called(target, &search) }
            case .callThrough(let slot), .jumpThrough(let slot): calledThrough(slot, &search)
            case .indirectJump where code.isSwitch(instruction): break
            case .indirectCall, .indirectJump: if search.classes == nil { search.shortfall = search.shortfall ?? "it calls through pointers in \(code.symbol.prefix(200))" }
            case .systemCall: search.shortfall = search.shortfall ?? "it makes system calls of its own"
            case .other, .end:
                guard let place = instruction.reference else { continue }
                if instruction.takesAddress { search.objects.insert(place) } else { search.places.insert(place) }
                referred(place, code, &search)
            }
        }
    }

    func called(_ target: UInt64, _ search: inout Search) {
        if let slot = slot(ofStubAt: target) { return calledThrough(slot, &search) }
        visit(target, &search)
    }

    /// Stubs of the procedure linkage table jump through a slot, some after an ENDBR64 or a BND prefix.
    func slot(ofStubAt address: UInt64) -> UInt64? {
        guard let module = modules.module(at: address), let bytes = try? memory.bytes(at: address, upTo: 16) else { return nil }
        var at = 0
        for _ in 0..<2 {
            guard at < bytes.count, let instruction = InstructionDecoder.decode(bytes[at...], at: address &+ UInt64(at)) else { return nil }
            if case .jumpThrough(let slot) = instruction.kind { return imports(of: module).names[slot] == nil ? nil : slot }
            at += instruction.length
        }
        return nil
    }

    func calledThrough(_ slot: UInt64, _ search: inout Search) {
        guard let module = modules.module(at: slot), let name = imports(of: module).names[slot] else {
            if let code = ownFunction(in: slot) { return visit(code.range.lowerBound, &search) }
            search.shortfall = search.shortfall ?? "it calls through pointers"
            return
        }
        imported(name, slot, &search)
    }

    /// Functions of a table that cannot change, such as those that objects of a class keep for what is called by way of them.
    func table(at place: UInt64, _ search: inout Search) {
        guard search.readsTables, place & 7 == 0, isConstant(place) else { return }
        for row in 0..<length(ofTableAt: place, isOfSwift: search.classes != nil) {
            guard let target = try? memory.load(UInt64.self, at: place &+ row &* 8), let module = modules.module(at: target), !Releasing.isLeaf(module.path),
                !isOfSwift(target)
            else { continue }
            if search.classes != nil, let function = asyncFunction(target) { visit(function, &search) }
            if module.image.extent(ofFunctionAt: target &- module.bias)?.range.lowerBound == target &- module.bias { visit(target, &search) }
        }
    }

    /// In words. What the language keeps of its types, such as how their values are copied, has no functions of the program's: witness tables have.
    private func length(ofTableAt place: UInt64, isOfSwift: Bool) -> UInt64 {
        guard let module = modules.module(at: place), let extent = module.image.extent(ofObjectAt: place &- module.bias) else { return isOfSwift ? Self.witnessLength : Self.tableLength }
        // Behind it others begin.
        guard isOfSwift else { return min(Self.tableLength, (extent.range.upperBound &- (place &- module.bias)) / 8) }
        return extent.symbol.hasSuffix("WP") || !extent.symbol.hasPrefix("$s") ? min(Self.witnessLength, (extent.range.upperBound &- (place &- module.bias)) / 8) : 0
    }

    private func isConstant(_ address: UInt64) -> Bool {
        modules.module(at: address)?.mappings.contains { $0.start <= address && address < $0.end && !$0.isWritable } == true
    }

    private func imported(_ name: String, _ slot: UInt64, _ search: inout Search) {
        guard search.imported.insert(name).inserted else { return }
        meet(named: name, &search)
        if Releasing.isRelease(name) { search.releases.insert(name); return }
        // A filled slot tells where it leads; one that is not leads back into its own file.
        if let target = try? memory.load(UInt64.self, at: slot), let module = modules.module(at: target), module.start != modules.module(at: slot)?.start {
            return entered(target, module, name, &search)
        }
        for module in modules.modules {
            guard let linked = module.image.address(ofSymbol: name) else { continue }
            return entered(linked &+ module.bias, module, name, &search)
        }
    }

    /// Another file's function.
    private func entered(_ target: UInt64, _ module: ModuleTable.Module, _ name: String, _ search: inout Search) {
        if Releasing.isLeaf(module.path) { return }
        guard search.classes != nil, SwiftReleasing.isLibrary(module.path) else { return visit(target, &search) }
        judge(name, in: module.path, &search)
    }

    func judge(_ name: String, in path: String, _ search: inout Search) {
        meet(named: name, &search)
        switch SwiftReleasing.effect(of: name, in: path) {
        case .nothing: break
        case .release: search.releases.insert(name)
        case .unknown: search.shortfall = search.shortfall ?? "it calls `\(name)`"
        }
    }

    /// The address of a function that is taken, or the slot of one.
    private func referred(_ place: UInt64, _ code: FunctionCode, _ search: inout Search) {
        guard !code.range.contains(place), let module = modules.module(at: place) else { return }
        look(forClassesAt: place, in: module, &search)
        if let name = imports(of: module).names[place] { return imported(name, place, &search) }
        guard module.mappings.contains(where: { $0.isExecutable && $0.start <= place && place < $0.end }) else {
            if search.classes != nil, let target = asyncFunction(place) { return visit(target, &search) }
            return table(at: place, &search)
        }
        if let slot = slot(ofStubAt: place) { return calledThrough(slot, &search) }
        if module.image.extent(ofFunctionAt: place &- module.bias)?.range.lowerBound == place &- module.bias { visit(place, &search) }
    }
}
