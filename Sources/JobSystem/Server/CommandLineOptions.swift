/// The arguments of `jobd`. Nothing about defects is ever among them.
package struct CommandLineOptions: Sendable, Equatable {
    package enum Source: Sendable, Equatable { case defaults, file(String), descriptor(Int32) }

    package var source = Source.defaults
    package var port: Int?
    package var describes = false
    package var asksForHelp = false

    package static let usage = """
        usage: jobd [--config FILE | --settings-fd N] [--port P]
               jobd --describe

          --config FILE      read the settings (JSON) from a file
          --settings-fd N    read them from an inherited descriptor, to its end
          --port P           listen on this port instead of the configured one; 0 takes a free one
          --describe         print all settings, events and endpoints as JSON
        """

    private static let options = ["--config", "--settings-fd", "--port", "--describe", "--help"]

    /// Reads the arguments after the program's name.
    package init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func value(of option: String) throws -> String {
            guard let value = rest.popFirst() else {
                throw SettingsError(.usage, "\(option) needs a value", at: "arguments", remedy: Self.usage)
            }
            return value
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--config": try set(.file(try value(of: argument)))
            case "--settings-fd":
                let text = try value(of: argument)
                guard let descriptor = Int32(text), descriptor >= 0 else {
                    throw SettingsError(
                        .usage, "\"\(text)\" is not a descriptor", at: "--settings-fd",
                        remedy: "give the number of an inherited descriptor: jobd --settings-fd 3 3< settings.json")
                }
                try set(.descriptor(descriptor))
            case "--port":
                let text = try value(of: argument)
                guard let port = Int(text), (0...65_535).contains(port) else {
                    throw SettingsError(
                        .usage, "\"\(text)\" is not a port", at: "--port", remedy: "give a number from 0 to 65535")
                }
                self.port = port
            case "--describe": describes = true
            case "--help", "-h": asksForHelp = true
            default:
                throw SettingsError(
                    .usage, "unknown argument \"\(argument)\"", at: "arguments",
                    remedy: Suggestion.remedy(for: argument, among: Self.options))
            }
        }
    }

    private mutating func set(_ source: Source) throws {
        guard self.source == .defaults else {
            throw SettingsError(
                .usage, "the settings can come from one place only", at: "arguments",
                remedy: "give either --config or --settings-fd")
        }
        self.source = source
    }
}
