internal import Evidence
package import ProcessInspection

extension JavaRuntimeReader {
    /// The Java threads of a process that is being captured: for `CaptureOptions.managedRuntimes`.
    package static let hook = ManagedRuntimeHook(isPresent: { _, modules in modules.modules.contains { $0.path.hasSuffix("/libjvm.so") } }) { context in
        let reader = JavaRuntimeReader(
            memory: context.target.memory, threads: context.threads.elements, copies: context.copies, deadline: min(context.deadline, .now + longest)
        ) { context.modules.address(ofSymbol: $0, inModuleNamed: "/libjvm.so") }
        return reader.read()
    }

    /// Longest look at one virtual machine.
    private static let longest = Duration.seconds(5)
}
