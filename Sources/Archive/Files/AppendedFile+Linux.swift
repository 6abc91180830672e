internal import FoundationEssentials
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A .jsonl file that grows a whole line at a time; a crash costs at most the last line.
final class AppendedFile {
    let path: String
    private let descriptor: Int32
    private var size: off_t

    init(_ path: String) throws(ArchiveError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw AtomicFile.failure("cannot open the file", path) }
        size = lseek(descriptor, 0, SEEK_END)
    }

    deinit { close(descriptor) }

    /// Appends a line that ends with its newline; a line that does not fit is taken back whole.
    func append(_ line: Data) throws(ArchiveError) {
        do throws(ArchiveError) {
            try AtomicFile.writeAll(line, to: descriptor, path: path)
            size += off_t(line.count)
        } catch {
            ftruncate(descriptor, size)
            throw error
        }
    }

    func sync() { fdatasync(descriptor) }
}
