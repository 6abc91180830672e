internal import FoundationEssentials
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Files that are either whole or not there: written beside and renamed into place.
enum AtomicFile {
    /// Suffix of a file that is being written; readers pass over it.
    static let temporarySuffix = ".part"

    /// Synced: there even after the machine went down.
    static func write(_ contents: Data, to path: String) throws(ArchiveError) {
        try make(path) { descriptor, temporary throws(ArchiveError) in
            try writeAll(contents, to: descriptor, path: temporary)
            guard fsync(descriptor) == 0 else { throw failure("cannot sync the file", temporary) }
        }
    }

    /// Not synced, unless `fill` does that.
    ///
    /// - Parameter fill: writes to the descriptor of the file, which for now has another name.
    static func make(_ path: String, _ fill: (_ descriptor: Int32, _ temporary: String) throws(ArchiveError) -> Void) throws(ArchiveError) {
        // The pid keeps two processes apart that write the same directory.
        let temporary = "\(path).\(getpid())\(temporarySuffix)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure("cannot create the file", temporary) }
        do throws(ArchiveError) {
            try fill(descriptor, temporary)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = failure("cannot put the file in place", path)
            unlink(temporary)
            throw error
        }
    }

    static func writeAll(_ contents: some ContiguousBytes & Collection, to descriptor: Int32, path: String) throws(ArchiveError) {
        var offset = 0
        while offset < contents.count {
            let count = contents.withUnsafeBytes { Platform.write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot write", path) }
            offset += count
        }
    }

    static func makeDirectory(_ path: String) throws(ArchiveError) {
        var built = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            built += "/" + part
            if mkdir(built, 0o755) != 0 && errno != EEXIST { throw failure("cannot make the folder", built) }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ArchiveError(code: .inputOutput, message: "this is not a folder", path: path, remedy: "Move it away, or choose another folder.")
        }
    }

    /// False when the name is taken.
    static func makeNewDirectory(_ path: String) throws(ArchiveError) -> Bool {
        if mkdir(path, 0o755) == 0 { return true }
        if errno == EEXIST { return false }
        throw failure("cannot make the folder", path)
    }

    /// Replaces a symbolic link at once: no reader finds it missing.
    static func link(_ path: String, to target: String) throws(ArchiveError) {
        let temporary = "\(path).\(getpid())\(temporarySuffix)"
        unlink(temporary)
        guard symlink(target, temporary) == 0 else { throw failure("cannot make the link", path) }
        guard rename(temporary, path) == 0 else {
            let error = failure("cannot put the link in place", path)
            unlink(temporary)
            throw error
        }
    }

    /// What errno says, with what to do about it.
    static func failure(_ what: String, _ path: String, number: Int32 = errno) -> ArchiveError {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return ArchiveError(
                code: .diskFull, message: "\(what): \(reason)", path: path,
                remedy: "Free some space; what was written before is whole and can be diagnosed.")
        case EACCES, EPERM, EROFS:
            return ArchiveError(
                code: .noPermission, message: "\(what): \(reason)", path: path, remedy: "Choose a folder you may write with --output, or change its permissions.")
        case ENOENT, ENOTDIR:
            return ArchiveError(code: .notFound, message: "\(what): \(reason)", path: path, remedy: "Check the path.")
        default:
            return ArchiveError(code: .inputOutput, message: "\(what): \(reason)", path: path, remedy: "Check the disk; what was written before is whole.")
        }
    }
}

/// System calls whose names are taken inside the types that use them.
enum Platform {
    static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, bytes, count)
        #else
        Darwin.write(descriptor, bytes, count)
        #endif
    }

    static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, bytes, count)
        #else
        Darwin.read(descriptor, bytes, count)
        #endif
    }
}
