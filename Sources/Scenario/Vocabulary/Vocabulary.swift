/// What a scenario may name: injected, so that this target knows no injector and no job system.
package struct Vocabulary: Codable, Sendable, Hashable {
    /// Kinds of fault, such as "stall".
    package var faults: [Kind]
    /// Kinds of service, such as "model-server".
    package var services: [Kind]
    /// Configuration keys of the reference job system; none means that any key is taken, since it could not be asked.
    package var config: [Option]
    /// Its switches; none means that any name is taken.
    package var defects: [Name]
    /// Events it emits, for triggers and rules; empty means that any name is taken.
    package var events: [Name]
    /// Takes every name, of faults too: for tests.
    package var isPermissive: Bool

    package init(
        faults: [Kind] = [], services: [Kind] = Vocabulary.builtInServices, config: [Option] = [], defects: [Name] = [],
        events: [Name] = [], isPermissive: Bool = false
    ) {
        self.faults = faults
        self.services = services
        self.config = config
        self.defects = defects
        self.events = events
        self.isPermissive = isPermissive
    }

    /// Takes any fault, option, defect, configuration key and event.
    package static let permissive = Vocabulary(isPermissive: true)

    /// The services a plan can hold (`ServicePlan.Kind`); options of the model server are any until told.
    package static let builtInServices = [
        Kind(name: "model-server", doc: "A model server that speaks the OpenAI and Anthropic APIs.", takesAnyOption: true),
        Kind(
            name: "proxy", doc: "A TCP proxy before another service; connection faults happen here.",
            options: [Option(name: "upstream", kind: .text, doc: "A service's name, or host:port.", isRequired: true)]),
    ]
}

extension Vocabulary {
    /// A name that may be used, and what it means.
    package struct Name: Codable, Sendable, Hashable {
        package var name: String
        package var doc: String

        package init(name: String, doc: String = "") {
            self.name = name
            self.doc = doc
        }
    }

    /// A kind of fault or service with its options.
    package struct Kind: Codable, Sendable, Hashable {
        package var name: String
        package var doc: String
        package var options: [Option]
        /// Options beyond those listed are passed on unseen.
        package var takesAnyOption: Bool
        /// Capabilities it cannot do without, such as "tcp-repair".
        package var requires: [String]

        package init(name: String, doc: String = "", options: [Option] = [], takesAnyOption: Bool = false, requires: [String] = []) {
            self.name = name
            self.doc = doc
            self.options = options
            self.takesAnyOption = takesAnyOption
            self.requires = requires
        }
    }

    /// An option, or a configuration key, and what values it takes.
    package struct Option: Codable, Sendable, Hashable {
        package var name: String
        package var kind: ValueKind
        package var doc: String
        package var isRequired: Bool
        /// As it would be written; nil where there is none or it is not known.
        package var defaultValue: String?
        /// `none` switches it off.
        package var allowsNone: Bool

        package init(
            name: String, kind: ValueKind, doc: String = "", isRequired: Bool = false, defaultValue: String? = nil, allowsNone: Bool = false
        ) {
            self.name = name
            self.kind = kind
            self.doc = doc
            self.isRequired = isRequired
            self.defaultValue = defaultValue
            self.allowsNone = allowsNone
        }
    }

    /// What a value must look like; it is handed on as it was written.
    package enum ValueKind: Codable, Sendable, Hashable {
        case text
        /// A whole number, 0 or more.
        case integer
        /// A number above 0.
        case number
        case boolean
        /// `500ms`, `20s`, `5m`.
        case duration
        case choice([String])
        /// An amount: `4096`, `64KB` (1000 bytes each), `1MiB`.
        case bytes
        /// Name of a service of the scenario; of one of these kinds, where any are given.
        case service(kinds: [String])
        /// Several texts: a list, handed on joined with commas.
        case list
    }
}

/// Capabilities that a scenario can require, and what they are for; a missing one skips it, visibly.
package enum Capability {
    package static let all: [Vocabulary.Name] = [
        .init(name: "ptrace", doc: "tracing another process, to read its stacks"),
        .init(name: "tcp-repair", doc: "TCP_REPAIR (CAP_NET_ADMIN), to make a peer vanish without a word"),
        .init(name: "network-namespaces", doc: "making network namespaces, to drop packets between two ends"),
    ]
}
