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
    ///
    /// - Parameter isOneRecord: the kernel makes its text at once (single_open in fs/proc): a read that is not filled was the last.
    package static func bytes(_ path: String, limit: Int = 1 << 20, isOneRecord: Bool = false) throws(ProcFSError) -> [UInt8] {
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
            if bytes.isEmpty { bytes = piece } else { bytes += piece }
            if isOneRecord && piece.count < count { break }
            chunk = min(chunk * 2, 1 << 16)
        }
        if failure != 0 && bytes.isEmpty { throw ProcFSError(path: path, errno: failure) }
        return bytes
    }

    package static func text(_ path: String, limit: Int = 1 << 20, isOneRecord: Bool = false) throws(ProcFSError) -> String {
        String(decoding: try bytes(path, limit: limit, isOneRecord: isOneRecord), as: UTF8.self)
    }

    /// A file of one line, without its newline.
    package static func line(_ path: String) throws(ProcFSError) -> String {
        let bytes = try bytes(path, limit: 1 << 16, isOneRecord: true)
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
        var numbers: [Int32] = []
        try each(in: path) { number, _ in
            numbers.append(number)
            return numbers.count < limit
        }
        return numbers.sorted()
    }

    /// The links in a directory whose names are numbers, such as those of a process's descriptors, in the order in which the kernel has
    /// them; those that cannot be read are left out. Far less work for the kernel than finding each by its whole path.
    ///
    /// - Parameter body: gets name and target; false when that was enough.
    static func links(in path: String, _ body: (Int32, UnsafeRawBufferPointer) -> Bool) throws(ProcFSError) {
        let target = UnsafeMutableBufferPointer<CChar>.allocate(capacity: 4096)
        defer { target.deallocate() }
        try each(in: path) { number, entry in
            let got = readlinkat(entry.directory, entry.name, target.baseAddress!, target.count)
            // As one link, so the others.
            if got < 0 { return errno != EACCES }
            return body(number, UnsafeRawBufferPointer(UnsafeMutableBufferPointer(rebasing: target[..<got])))
        }
    }

    private static func each(
        in path: String, _ body: (Int32, (directory: Int32, name: UnsafePointer<CChar>)) -> Bool
    ) throws(ProcFSError) {
        guard let directory = opendir(path) else { throw ProcFSError(path: path, errno: errno) }
        defer { closedir(directory) }
        var goesOn = true
        while goesOn, let entry = readdir(directory) {
            withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    guard let number = number(name) else { return }
                    goesOn = body(number, (dirfd(directory), name))
                }
            }
        }
    }

    private static func number(_ name: UnsafePointer<CChar>) -> Int32? {
        var value: Int32 = 0
        var length = 0
        while name[length] != 0 {
            guard length < 9, let digit = Int32(exactly: name[length]), digit >= 48, digit <= 57 else { return nil }
            value = value * 10 + digit - 48
            length += 1
        }
        return length > 0 ? value : nil
    }

    /// All processes of the machine that this one may see.
    package static func processes() -> [Int32] { (try? numbers(in: "/proc")) ?? [] }
}
