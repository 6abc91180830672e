package import Evidence

/// Adds what the runtime of an interpreted or managed language knows of its threads; nil where the
/// process does not run that language.
package typealias ManagedRuntimeHook = RuntimeHook<InspectedRuntime?>

/// What a language's runtime says of one process.
package struct InspectedRuntime {
    /// One thread in the language's terms.
    package struct Thread: Sendable {
        package var name: String?
        package var stack: Observed<[Frame]>?
        package var wait: ManagedWait?
        package var loop: ManagedLoop?
        package var codeAhead: CodeAhead?
        /// For how long it asked to sleep, where the kernel knows only until when.
        package var asked_s: Double?
        /// See `ThreadWait.owedRest`.
        package var owedRest: String?

        package init(name: String? = nil, stack: Observed<[Frame]>? = nil, wait: ManagedWait? = nil, loop: ManagedLoop? = nil) {
            self.name = name
            self.stack = stack
            self.wait = wait
            self.loop = loop
        }
    }
    /// By thread id.
    package var threads: [Int32: Thread]
    package var tasks: [TaskRecord]
    package var unobserved: [Unobserved]

    package init(threads: [Int32: Thread] = [:], tasks: [TaskRecord] = [], unobserved: [Unobserved] = []) {
        self.threads = threads
        self.tasks = tasks
        self.unobserved = unobserved
    }
}

extension ThreadRecord {
    mutating func add(_ managed: InspectedRuntime.Thread) {
        managedName = managed.name ?? managedName
        managedStack = managed.stack ?? managedStack
        managedWait = managed.wait ?? managedWait
        managedLoop = managed.loop ?? managedLoop
        codeAhead = managed.codeAhead ?? codeAhead
        if let rest = managed.owedRest { wait?.owedRest = rest }
        if let asked_s = managed.asked_s, let left_s = wait?.remaining_s, wait?.kind == .sleep, asked_s >= left_s { wait?.timeout_s = asked_s }
    }
}
