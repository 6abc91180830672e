package import Evidence

/// The facts of one process: identity, relatives, limits, memory, cgroup, namespaces.
package struct ProcessCollector: Collector {
    package var role: ProcessRole
    package var because: String?

    package init(role: ProcessRole, because: String? = nil) {
        self.role = role
        self.because = because
    }

    package func collect(from target: CaptureTarget, deadline: ContinuousClock.Instant) -> Observed<ProcessRecord> {
        let proc = target.proc
        let stat: ProcStat
        do throws(ProcFSError) { stat = try proc.stat() } catch { return .unavailable(reason: "\(error)") }
        var record = ProcessRecord(identity: target.identity, parentPID: stat.parentPID, name: stat.name, role: role)
        record.followedBecause = because
        record.processGroup = stat.processGroup
        record.session = stat.session
        record.state = stat.state
        record.threadCount = stat.threadCount
        record.started_s = stat.started_s
        record.cpu = CPUTime(user_s: stat.user_s, system_s: stat.system_s)
        record.children = (try? proc.children()) ?? []
        record.arguments = Redaction().arguments((try? proc.arguments()) ?? [])
        record.workingDirectory = try? proc.workingDirectory()
        if var path = try? proc.executable() {
            record.executableDeleted = path.hasSuffix(" (deleted)")
            if record.executableDeleted { path.removeLast(" (deleted)".count) }
            record.executable = path
        }
        status(&record, proc)
        record.reads = (try? proc.reads()) ?? nil
        record.read_bytes = (try? proc.transferred())?.read_bytes
        record.descriptorCount = (try? proc.descriptors())?.count
        record.limits = limits(proc)
        record.descriptorLimit = record.limits.first { $0.name == "Max open files" }?.soft.map { Int(clamping: $0) }
        record.cgroup = CgroupReader.read(proc)
        for name in ["net", "mnt", "pid", "user", "uts", "ipc", "cgroup", "time"] {
            if let inode = try? proc.namespace(name) { record.namespaces[name] = inode }
        }
        // A zombie has no memory, files or arguments left: that is all there is of it.
        return record.executable != nil || stat.state == "Z" || record.arguments.isEmpty
            ? .complete(record) : .partial(record, reason: "process \(target.pid) of another user shows only some of its facts")
    }

    private func status(_ record: inout ProcessRecord, _ proc: ProcDirectory) {
        guard let status = try? proc.status() else { return }
        record.userID = status.userID ?? 0
        record.seccomp = status.seccomp
        record.caughtSignals = status["SigCgt"].flatMap { UInt64($0, radix: 16) }
        let pending = ["ShdPnd", "SigPnd"].compactMap { status[$0].flatMap { UInt64($0, radix: 16) } }
        record.pendingSignals = pending.isEmpty ? nil : pending.reduce(0, |)
        record.tracerPID = status.tracerTID.map { tid in (try? ProcDirectory(pid: tid).status())?.number("Tgid") ?? tid }
        record.tracerName = record.tracerPID.flatMap { try? ProcDirectory(pid: $0).name() }
        if let resident = status.bytes("VmRSS"), let virtual = status.bytes("VmSize") {
            record.memory = MemoryUse(resident_bytes: resident, virtual_bytes: virtual, swapped_bytes: status.bytes("VmSwap") ?? 0)
        }
    }

    /// Lines of /proc/PID/limits: a name of up to 25 columns, soft, hard, unit.
    private func limits(_ proc: ProcDirectory) -> [ResourceLimit] {
        guard let text = try? ProcFile.text("\(proc.path)/limits", limit: 1 << 14) else { return [] }
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let name = line.prefix(26).split(separator: " ").joined(separator: " ")
            let values = line.dropFirst(26).split(separator: " ")
            guard values.count >= 2 else { return nil }
            return ResourceLimit(name: name, soft: UInt64(values[0]), hard: UInt64(values[1]))
        }
    }

    /// Language runtimes, from the files a process has mapped.
    package static func runtimes(_ modules: [ModuleRecord], executable: String?) -> [String] {
        var runtimes: Set<String> = []
        for path in modules.map(\.path) + [executable ?? ""] {
            let file = path.split(separator: "/").last.map(String.init) ?? ""
            if file.hasPrefix("libswiftCore") || file.hasPrefix("libswift_Concurrency") { runtimes.insert("swift") }
            if let version = version(of: file, after: "libpython") ?? version(of: file, after: "python") { runtimes.insert(version.isEmpty ? "python" : "python \(version)") }
            if file.hasPrefix("libjvm.so") { runtimes.insert("java") }
            if file == "node" || file.hasPrefix("libnode.so") { runtimes.insert("node") }
            if file == "ruby" || file.hasPrefix("libruby") { runtimes.insert("ruby") }
            if file.hasPrefix("libcoreclr.so") { runtimes.insert("dotnet") }
        }
        return runtimes.sorted()
    }

    private static func version(of file: String, after prefix: String) -> String? {
        guard file.hasPrefix(prefix) else { return nil }
        let rest = file.dropFirst(prefix.count).prefix { $0.isNumber || $0 == "." }
        var version = String(rest)
        while version.hasSuffix(".") { version.removeLast() }
        return version
    }
}
