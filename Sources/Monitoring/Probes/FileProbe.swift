internal import Evidence
internal import Glibc

/// The content of a small file, or its size and time of change when it is larger.
package struct FileProbe: Probe {
    static let maximumContent = 4096
    package let name: String
    private let path: String

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    package func read() async -> ProbeReading {
        var status = stat()
        guard stat(path, &status) == 0 else { return .failed(String(cString: strerror(errno))) }
        // Anything but a regular file could block (FIFO) or never end.
        guard status.st_mode & S_IFMT == S_IFREG else { return .failed("not a regular file") }
        if status.st_size > Self.maximumContent {
            return .value(["size": .int(Int64(status.st_size)), "changed_s": .int(Int64(status.st_mtim.tv_sec))])
        }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return .failed(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumContent)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { return .failed(String(cString: strerror(errno))) }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return .value(.string(String(text.reversed().drop(while: \.isWhitespace).reversed())))
    }
}
