internal import CLinux
package import Evidence
internal import Glibc

/// The open descriptors of a process, each with its kind and what fdinfo adds.
package struct DescriptorCollector: Collector {
    /// Descriptors read at most.
    package var limit: Int

    package init(limit: Int = CaptureLimits().descriptors) { self.limit = limit }

    package func collect(from target: CaptureTarget, deadline: ContinuousClock.Instant) -> Observed<[Descriptor]> {
        let numbers: [Int32]
        do throws(ProcFSError) { numbers = try target.proc.descriptors() } catch { return .unavailable(reason: "\(error)") }
        var descriptors: [Descriptor] = []
        for fd in numbers.prefix(limit) {
            if ContinuousClock.now > deadline {
                return .partial(descriptors, reason: "time was up after \(descriptors.count) of \(numbers.count) descriptors of \(target.pid)")
            }
            // One that was closed in the meantime is no loss.
            if let descriptor = read(fd, target.proc) { descriptors.append(descriptor) }
        }
        guard numbers.count <= limit else {
            return .partial(descriptors, reason: "\(numbers.count) descriptors of \(target.pid), of which \(limit) were read")
        }
        return .complete(descriptors)
    }

    private func read(_ fd: Int32, _ proc: ProcDirectory) -> Descriptor? {
        guard var link = try? proc.descriptorTarget(fd) else { return nil }
        let isDeleted = link.hasSuffix(" (deleted)")
        if isDeleted { link.removeLast(" (deleted)".count) }
        let file = FileFacts(pid: proc.pid, path: "\(proc.path)/fd/\(fd)", of: link)
        var descriptor = Descriptor(pid: proc.pid, fd: fd, kind: DescriptorKind.of(link, file: file), target: link)
        descriptor.isDeleted = isDeleted && descriptor.kind != .memfd
        descriptor.inode = file?.inode
        descriptor.device = file?.device
        guard let info = try? proc.descriptorInfo(fd) else { return descriptor }
        descriptor.position = info.position
        if let flags = info.flags {
            // open(2) on x86-64: O_ACCMODE 3, O_NONBLOCK 04000, O_PATH 010000000.
            descriptor.isNonBlocking = flags & 0o4000 != 0
            descriptor.access = flags & 0o10000000 != 0 ? .path : [.read, .write, .readWrite][Int(min(flags & 3, 2))]
        }
        if descriptor.kind == .epoll { descriptor.epoll = info.epoll }
        descriptor.eventCount = info.eventCount
        descriptor.timer = info.timer
        descriptor.signals = info.signals
        if descriptor.kind == .inotify { descriptor.watches = info.watches }
        descriptor.targetPID = descriptor.kind == .pidfd ? info.targetPID : nil
        return descriptor
    }
}

/// What stat(2) tells of a file behind a link of /proc.
package struct FileFacts: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64
    package var mode: UInt32
    package var owner: UInt32
    /// When it was written last, in seconds since 1970.
    package var modified_s: Double

    /// - Parameters:
    ///   - path: a link of /proc, or the file itself.
    ///   - name: what the link says, as process `pid` sees it: the file system may not answer.
    package init?(pid: Int32, path: String, of name: String) {
        guard hs_outside_begin(Int32(HS_OUTSIDE_FILE), pid, name) == 0 else { return nil }
        defer { hs_outside_end() }
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        self.init(facts)
    }

    /// Of a link itself.
    package init?(link: String) {
        var facts = stat()
        guard lstat(link, &facts) == 0 else { return nil }
        self.init(facts)
    }

    private init(_ facts: stat) {
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
        mode = facts.st_mode
        owner = facts.st_uid
        modified_s = Double(facts.st_mtim.tv_sec) + Double(facts.st_mtim.tv_nsec) / 1e9
    }

    package var isFIFO: Bool { mode & S_IFMT == S_IFIFO }
    package var isRegular: Bool { mode & S_IFMT == S_IFREG }
}

enum DescriptorKind {
    static func of(_ target: String, file: FileFacts?) -> Descriptor.Kind {
        if target.hasPrefix("socket:[") { return .socket }
        if target.hasPrefix("pipe:[") { return .pipe }
        if target.hasPrefix("/memfd:") { return .memfd }
        if target.hasPrefix("pidfd:[") { return .pidfd }
        if target.hasPrefix("anon_inode:") {
            let name = target.dropFirst("anon_inode:".count).filter { $0 != "[" && $0 != "]" }
            return switch name {
            case "eventpoll": .epoll
            case "eventfd": .eventfd
            case "timerfd": .timerfd
            case "signalfd": .signalfd
            case "inotify": .inotify
            case "pidfd": .pidfd
            default: .other
            }
        }
        guard let file else { return target.hasPrefix("/") ? .file : .other }
        switch file.mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFIFO: return .fifo
        case S_IFSOCK: return .socket
        case S_IFCHR: return target.hasPrefix("/dev/pts/") || target.hasPrefix("/dev/tty") || target == "/dev/console" ? .terminal : .device
        case S_IFBLK: return .device
        default: return .other
        }
    }
}
