internal import FoundationEssentials
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Reads files of a recorded run, which anybody may have written: regular files only, up to a size.
enum BoundedFile {
    /// What could not be read, and why; the file that is merely missing is told apart.
    enum Failure: Error {
        case missing
        case refused(String)
    }

    /// - Parameter keepsHead: a larger file gives its first `limit_bytes` instead of nothing.
    static func read(_ path: String, limit_bytes: Int, keepsHead: Bool = false) throws(Failure) -> (contents: Data, isCut: Bool) {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT || errno == ENOTDIR ? .missing : .refused(String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw .refused("not a regular file") }
        let size = Int(clamping: status.st_size)
        guard size <= limit_bytes || keepsHead else { throw .refused("\(size) bytes, more than the \(limit_bytes) that are read") }
        let wanted = min(size, limit_bytes)
        var contents = Data(count: wanted)
        var count = 0
        while count < wanted {
            let got = contents.withUnsafeMutableBytes { Platform.read(descriptor, $0.baseAddress! + count, wanted - count) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw .refused(String(cString: strerror(errno))) }
            if got == 0 { break }
            count += got
        }
        return (contents.prefix(count), size > limit_bytes)
    }

    /// Names in a folder, sorted, hidden and half-written ones left out; empty where there is none.
    static func names(in folder: String, limit: Int = 10_000) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), !name.hasSuffix(AtomicFile.temporarySuffix) { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file of ours; nothing when there is none.
    static func remove(_ path: String) { unlink(path) }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }
}
