internal import CLinux
internal import Glibc

/// A file of /proc that could not be read.
package struct ProcFSError: Error, Sendable, Hashable, CustomStringConvertible {
    package var path: String
    /// The errno of the call that failed; 0 when the file was there and made no sense.
    package var errno: Int32

    package init(path: String, errno: Int32) {
        self.path = path
        self.errno = errno
    }

    package var isGone: Bool { errno == ENOENT || errno == ESRCH }
    package var isForbidden: Bool { errno == EACCES || errno == EPERM }

    package var description: String {
        if errno == 0 { return "\(path) has an unknown form" }
        if errno == ETIMEDOUT { return "\(path) does not answer" }
        let what = "\(path): \(String(cString: strerror(errno)))"
        return isForbidden ? "\(what) (run as the same user or root)" : what
    }
}

/// Whole small files and links, read with plain system calls; every length is bounded.
package enum ProcFile {
    /// Reads at most `limit` bytes of a file.
    package static func bytes(_ path: String, limit: Int = 1 << 20) throws(ProcFSError) -> [UInt8] {
        guard hs_outside_begin(Int32(HS_OUTSIDE_FILE), 0, path) == 0 else { throw ProcFSError(path: path, errno: ETIMEDOUT) }
        defer { hs_outside_end() }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw ProcFSError(path: path, errno: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = min(limit, 4096)
        var failure: Int32 = 0
        while bytes.count < limit, failure == 0 {
            let count = min(chunk, limit - bytes.count)
            let piece = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                var got = Glibc.read(descriptor, buffer.baseAddress, count)
                while got < 0 && errno == EINTR { got = Glibc.read(descriptor, buffer.baseAddress, count) }
                if got < 0 { failure = errno }
                initialized = max(0, got)
            }
            if piece.isEmpty { break }
            bytes += piece
            chunk = min(chunk * 2, 1 << 16)
        }
        if failure != 0 && bytes.isEmpty { throw ProcFSError(path: path, errno: failure) }
        return bytes
    }

    package static func text(_ path: String, limit: Int = 1 << 20) throws(ProcFSError) -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }

    /// A file of one line, without its newline.
    package static func line(_ path: String) throws(ProcFSError) -> String {
        let bytes = try bytes(path, limit: 1 << 16)
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Target of a symbolic link.
    package static func link(_ path: String) throws(ProcFSError) -> String {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, initialized in
            let got = buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, 4096) }
            if got < 0 { failure = errno }
            initialized = max(0, got)
        }
        if failure != 0 { throw ProcFSError(path: path, errno: failure) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Names in a directory that are numbers: processes, threads, descriptors. In ascending order.
    package static func numbers(in path: String, limit: Int = 1 << 20) throws(ProcFSError) -> [Int32] {
        guard let directory = opendir(path) else { throw ProcFSError(path: path, errno: errno) }
        defer { closedir(directory) }
        var numbers: [Int32] = []
        while numbers.count < limit, let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 } .map { $0 } }
            var value: Int32 = 0
            guard !name.isEmpty, name.count <= 9, name.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { continue }
            for digit in name { value = value * 10 + Int32(digit - 48) }
            numbers.append(value)
        }
        return numbers.sorted()
    }

    /// All processes of the machine that this one may see.
    package static func processes() -> [Int32] { (try? numbers(in: "/proc")) ?? [] }
}
