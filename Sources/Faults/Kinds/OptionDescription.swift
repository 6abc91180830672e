/// An option of a fault or service, as scenario files, `--help` and the JSON Schema describe it.
package struct OptionDescription: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A whole number, 0 or more.
        case integer
        /// A number, more than 0.
        case number
        /// A time: "30s", "250ms", "5m", "1h", or a bare number of seconds.
        case seconds
        /// An amount: "4096", "64KB" (1000 bytes), "1MiB".
        case bytes
        case string
        /// One of these.
        case word([String])
        /// Name of a service of the scenario.
        case service
    }

    package var name: String
    package var doc: String
    package var kind: Kind
    package var required: Bool
    package var `default`: String?

    package init(_ name: String, _ doc: String, _ kind: Kind, required: Bool = false, default: String? = nil) {
        self.name = name
        self.doc = doc
        self.kind = kind
        self.required = required
        self.default = `default`
    }

    /// What to write, in words: "a time such as 30s".
    package var wanted: String {
        switch kind {
        case .integer: "a whole number, 0 or more"
        case .number: "a number above 0"
        case .seconds: "a time such as 30s, 250ms or 5m"
        case .bytes: "an amount such as 4096, 64KB or 1MiB"
        case .string: "text"
        case .word(let words): "one of " + words.joined(separator: ", ")
        case .service: "the name of a service of this scenario"
        }
    }
}
