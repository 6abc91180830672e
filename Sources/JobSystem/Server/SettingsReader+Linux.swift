internal import Glibc

/// Reads a settings document from where the arguments say it is.
enum SettingsReader {
    static func read(_ source: CommandLineOptions.Source) throws -> Settings {
        switch source {
        case .defaults:
            let settings = Settings()
            try settings.configuration.validate(defects: [])
            return settings
        case .file(let path):
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw SettingsError(
                    .unreadable, "cannot be opened: \(String(cString: strerror(errno)))", at: path,
                    remedy: "check the path and its permissions")
            }
            return try Settings(json: try readToEnd(descriptor, place: path), source: path)
        case .descriptor(let descriptor):
            let place = "descriptor \(descriptor)"
            return try Settings(json: try readToEnd(descriptor, place: place), source: "settings")
        }
    }

    /// Reads to the end, at most 1 MiB, and closes the descriptor.
    private static func readToEnd(_ descriptor: Int32, place: String) throws -> [UInt8] {
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw SettingsError(
                    .unreadable, "cannot be read: \(String(cString: strerror(errno)))", at: place,
                    remedy: "hand over an open descriptor: jobd --settings-fd 3 3< settings.json")
            }
            bytes += buffer[..<count]
            guard bytes.count <= Settings.maximumBytes else {
                throw SettingsError(
                    .unreadable, "is longer than \(Settings.maximumBytes) bytes", at: place,
                    remedy: "settings are one small JSON document")
            }
        }
    }
}
