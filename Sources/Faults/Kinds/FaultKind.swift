/// A kind of fault that scenarios may arm: what its name means and which options it takes.
package struct FaultKind: Sendable, Hashable {
    /// What it acts on.
    package enum Target: String, Sendable, Hashable, CaseIterable {
        case modelServer = "model-server"
        case proxy
        /// A SQLite file.
        case database
        /// The process under observation.
        case subject
    }

    package var name: String
    /// One sentence.
    package var doc: String
    package var options: [OptionDescription]
    /// Kinds of services its `service` may name; database and subject faults name none.
    package var targets: Set<Target>
    /// Capabilities of the machine without which it cannot be armed, such as "tcp-repair".
    package var requires: [String]

    package init(_ name: String, _ doc: String, targets: Set<Target>, requires: [String] = [], options: [OptionDescription] = []) {
        self.name = name
        self.doc = doc
        self.targets = targets
        self.requires = requires
        self.options = options
    }

    /// True when it is armed at a service, and so needs the option `service`.
    package var needsService: Bool { targets.contains(.modelServer) || targets.contains(.proxy) }
}
