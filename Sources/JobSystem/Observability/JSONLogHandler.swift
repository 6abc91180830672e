internal import Logging
internal import ServiceContextModule

/// swift-log to JSON lines: metadata becomes members of the line, numbers and booleans as such.
struct JSONLogHandler: LogHandler {
    var label: String
    var writer: LineWriter
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, writer: LineWriter) {
        self.label = label
        self.writer = writer
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        writer.write(
            level: event.level.rawValue, label: label, message: event.message.description,
            context: ServiceContext.current
        ) { line in
            if let error = event.error {
                line.add("error.type", .string("\(type(of: error))"))
                line.add("error.message", .string("\(error)"))
            }
            for metadata in [event.metadata, self.metadata, metadataProvider?.get()] {
                guard let metadata else { continue }
                for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line.add(key, JSONLine.Value(value)) }
            }
        }
    }
}

extension JSONLine.Value {
    init(_ value: Logger.Metadata.Value) {
        switch value {
        case .string(let string): self = .string(string)
        case .stringConvertible(let convertible):
            switch convertible {
            case let bool as Bool: self = .bool(bool)
            case let integer as Int: self = .integer(integer)
            case let integer as Int64: self = .integer(Int(integer))
            case let number as Double: self = .number(number)
            default: self = .string(convertible.description)
            }
        // Lines are flat: what is nested is written as text.
        case .array, .dictionary: self = .string("\(value)")
        }
    }
}
