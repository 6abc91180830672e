#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The folder of a scenario file: what the scenario names lies under it, symbolic links followed.
struct ScenarioFolder: Sendable {
    struct Refusal: Error, Sendable, Hashable {
        var message: String
        var hint: String
    }

    /// A body that a request carries; generous for a script, far from what memory minds.
    static let bodyLimit_bytes = 4 * 1024 * 1024

    /// Absolute, links resolved; nil where there is no such folder, and then nothing can be read from it.
    let path: String?

    init(_ folder: String) { path = Self.resolved(folder) }

    /// The real path of something under the folder.
    func resolve(_ relative: String) throws(Refusal) -> String {
        guard !relative.isEmpty, !relative.hasPrefix("/") else {
            throw Refusal(message: "the path `\(clipped(relative, to: 80))` is not relative", hint: "Name it relative to the scenario's folder.")
        }
        guard let path else {
            throw Refusal(message: "the scenario's folder cannot be found", hint: "Read the scenario from a file.")
        }
        guard let real = Self.resolved(path + "/" + relative) else {
            throw Refusal(
                message: "`\(clipped(relative, to: 80))` cannot be opened: \(String(cString: strerror(errno)))", hint: "Paths are relative to \(path).")
        }
        guard real == path || real.hasPrefix(path == "/" ? "/" : path + "/") else {
            throw Refusal(message: "`\(clipped(relative, to: 80))` leads out of the scenario's folder", hint: "Copy the file to \(path).")
        }
        return real
    }

    /// The text of a file under the folder.
    func text(of relative: String, limit_bytes: Int = bodyLimit_bytes) throws(Refusal) -> String {
        let real = try resolve(relative)
        let bytes = try Self.read(real, limit_bytes: limit_bytes)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal(message: "`\(clipped(relative, to: 80))` is not UTF-8 text", hint: "Save it as UTF-8.")
        }
        return text
    }

    /// A regular file's bytes; anything else would block (FIFO) or never end (device).
    static func read(_ path: String, limit_bytes: Int) throws(Refusal) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Refusal(message: "cannot be opened: \(String(cString: strerror(errno)))", hint: "Check the path and its permissions.")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Refusal(message: "`\(clipped(path, to: 80))` is not a file", hint: "Name a regular file.")
        }
        guard status.st_size <= limit_bytes else {
            throw Refusal(message: "`\(clipped(path, to: 80))` has \(status.st_size) bytes; at most \(limit_bytes) are read", hint: "Shorten it.")
        }
        // The size may grow meanwhile: the buffer's own bound holds.
        var bytes = [UInt8](repeating: 0, count: limit_bytes + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { readSome(descriptor, $0.baseAddress! + count, $0.count - count) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else {
                throw Refusal(message: "cannot be read: \(String(cString: strerror(errno)))", hint: "Check the disk.")
            }
            if got == 0 { break }
            count += got
        }
        guard count <= limit_bytes else {
            throw Refusal(message: "`\(clipped(path, to: 80))` has more than \(limit_bytes) bytes", hint: "Shorten it.")
        }
        return Array(bytes[..<count])
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}

/// `read(2)`, whose name is taken inside `ScenarioFolder`.
private func readSome(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
