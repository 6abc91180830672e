internal import Evidence

/// Which methods running code could come to. Whatever a method calls counts, whatever the object may be: of a method of the program's that
/// is called by its name, all that have that name.
final class JavaReach {
    typealias Target = JavaCalls.Target
    private let calls: JavaCalls
    private let deadline: ContinuousClock.Instant
    private var releases: Set<Target> = []
    /// Whether it may write to something else than the standard outputs.
    private(set) var hasOutput = false
    /// Whether a thread may wait for a pool's end, or for the result of work that a pool gives up when it is shut down.
    var poolsAreAwaited = true
    private var shortfall: String?
    /// Methods of the program that were come to.
    private(set) var seen: Set<Target> = []
    private var names: Set<String> = []
    private var queue: [Target] = []

    private static let limit = 5000

    init(_ calls: JavaCalls, deadline: ContinuousClock.Instant) {
        self.calls = calls
        self.deadline = deadline
    }

    /// A frame of the program's: what its method can still come to, or all of it where somebody may call it again.
    func add(_ frame: JavaFrame, again: Bool) {
        guard let method = calls.method(of: frame) else { return fail("a method on its stack cannot be read") }
        guard !again, let index = frame.index else { return look(method.bytecode.instructions[...], method) }
        look(method.bytecode.remaining(behind: Int(index)), method)
    }

    /// What a frame's method has called up to where it stands.
    func add(executedBy frame: JavaFrame) {
        guard let method = calls.method(of: frame), let index = frame.index else { return fail("a method on its stack cannot be read") }
        look(method.bytecode.instructions.prefix { $0.index < Int(index) }, method)
    }

    /// The ways into an object that the platform is to run.
    func add(object type: String) {
        guard let class_ = calls.program[type], let methods = calls.declaredMethods(class_) else { return fail("the code of a task cannot be read") }
        for method in methods where JavaReleasing.entries.contains(method.target.name) { visit(method.target) }
    }

    func add(method: Target) { visit(method) }

    func fail(_ reason: String) { shortfall = shortfall ?? reason }

    /// Follows everything that was added. What releases somebody, of the platform's methods.
    func run() -> (releases: Set<Target>, shortfall: String?) {
        while let next = queue.popLast() {
            guard seen.count < Self.limit, ContinuousClock.now < deadline else {
                fail("there is more code than is looked through")
                break
            }
            guard let class_ = calls.program[next.className], let methods = calls.declaredMethods(class_) else {
                fail("the code of \(next.className) cannot be read")
                continue
            }
            for method in methods where method.target.name == next.name { look(method.bytecode.instructions[...], method) }
        }
        return (releases, shortfall)
    }

    private func visit(_ target: Target) { if seen.insert(target).inserted { queue.append(target) } }

    private func look(_ instructions: ArraySlice<JavaBytecode.Instruction>, _ method: JavaCalls.Method) {
        guard let targets = calls.calls(instructions, of: method) else { return fail("what \(method.target.className).\(method.target.name) calls cannot be read") }
        for target in targets { called(target) }
    }

    private func called(_ target: Target) {
        if !poolsAreAwaited, JavaReleasing.isOrderlyEnd(target) {
            JavaReleasing.endings.forEach { named($0) }
            return
        }
        if JavaReleasing.isRelease(target) { releases.insert(target); return }
        if JavaReleasing.isOutput(target) { hasOutput = true }
        if JavaReleasing.isPlatform(target.className) {
            // An interface of the platform that the program may have implemented.
            if target.className != "java.lang.Object", target.name != "<init>" { named(target.name) }
            return
        }
        if target.name == "<init>" || target.name == "<clinit>" || target.name.hasPrefix("lambda$") {
            guard let type = calls.program[target.className] else { return }
            visit(target)
            // Whoever makes an object may hand it over to the platform, to be run.
            if target.name == "<init>" { for method in calls.declaredMethods(type) ?? [] where JavaReleasing.entries.contains(method.target.name) { visit(method.target) } }
            return
        }
        if !named(target.name) { inherited(target) }
    }

    /// All methods of the program of one name. Whether there are any.
    @discardableResult private func named(_ name: String) -> Bool {
        let found = calls.named(name)
        if names.insert(name).inserted { found.forEach(visit) }
        return !found.isEmpty
    }

    /// A method that the program's class has from the platform's, as `start` of a thread.
    private func inherited(_ target: Target) {
        guard let class_ = calls.program[target.className] else { return fail("\(target.className) is not loaded yet") }
        for ancestor in calls.ancestry(class_) where JavaReleasing.isRelease(Target(className: ancestor, name: target.name)) {
            releases.insert(Target(className: ancestor, name: target.name))
        }
    }
}
