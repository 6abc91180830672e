package import Evidence

extension WaitGraph {
    /// The thread of a process that has crashed and waits for Swift's backtracer, while the handler holds all the others where they were
    /// (stdlib/public/runtime/CrashHandlerLinux.cpp); nil where none has.
    package func crashed(_ pid: Int32) -> ThreadRecord? {
        index.threads(of: pid).first { thread in
            let functions = StackShape(thread).functions
            return functions.contains { $0.hasSuffix("handle_fatal_signal") } && functions.contains("_swift_spawnBacktracer")
        }
    }
}
