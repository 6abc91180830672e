internal import Evidence

/// The control group of a process, of version 2, or the one of each controller of version 1: what can throttle, freeze or kill it.
///
/// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1 of the kernel.
enum CgroupReader {
    private static let mount = "/sys/fs/cgroup"
    /// Groups above it that are looked at: a quota counts for all below.
    private static let depth = 16

    static func read(_ proc: ProcDirectory) -> CgroupRecord? {
        guard let text = try? ProcFile.text("\(proc.path)/cgroup", limit: 1 << 16) else { return nil }
        // hierarchy:controllers:path, cgroups(7); version 2 is hierarchy 0 with no controllers.
        var paths: [Substring: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) { paths[controller] = String(parts[2]) }
        }
        guard let path = paths["cpu"] ?? paths["memory"] ?? paths[""] else { return nil }
        var record = CgroupRecord(path: path)
        if let path = paths[""] {
            let isAlone = (try? ProcFile.line("\(mount)/cgroup.controllers")) != nil
            unified(&record, Group(isAlone ? mount : "\(mount)/unified", path))
        }
        if let path = paths["cpu"] { cpu(&record, Group("\(mount)/cpu", path)) }
        if let path = paths["memory"] { memory(&record, Group("\(mount)/memory", path)) }
        if let path = paths["freezer"] {
            record.frozen = Group("\(mount)/freezer", path).line("freezer.state").map { $0 != "THAWED" } ?? record.frozen
        }
        return record
    }

    private static func unified(_ record: inout CgroupRecord, _ group: Group) {
        for group in group.andAbove(depth) { throttling(&record, group, time: "throttled_usec", perSecond: 1e6) }
        record.frozen = group.fields("cgroup.events")["frozen"].map { $0 == "1" }
        record.memoryCurrent_bytes = group.line("memory.current").flatMap { UInt64($0) }
        record.memoryMaximum_bytes = group.andAbove(depth).compactMap { $0.line("memory.max").flatMap { UInt64($0) } }.min()
        record.oomKills = group.fields("memory.events")["oom_kill"].flatMap { UInt64($0) }
        // some avg10=0.00 avg60=0.00 avg300=0.00 total=0
        record.memoryPressure10s = group.line("memory.pressure")?.split(separator: " ").first { $0.hasPrefix("avg10=") }
            .flatMap { Double($0.dropFirst("avg10=".count)) }
    }

    private static func cpu(_ record: inout CgroupRecord, _ group: Group) {
        for group in group.andAbove(depth) { throttling(&record, group, time: "throttled_time", perSecond: 1e9) }
    }

    private static func memory(_ record: inout CgroupRecord, _ group: Group) {
        record.memoryCurrent_bytes = group.line("memory.usage_in_bytes").flatMap { UInt64($0) }
        // No limit is shown as the largest number of pages.
        record.memoryMaximum_bytes = group.andAbove(depth).compactMap { $0.line("memory.limit_in_bytes").flatMap { UInt64($0) } }
            .filter { $0 < 1 << 62 }.min()
        let control = group.fields("memory.oom_control")
        record.oomKills = control["oom_kill"].flatMap { UInt64($0) }
        record.isOutOfMemory = control["under_oom"].map { $0 == "1" }
    }

    /// The group with most of it stands for all: those above are throttled with the processes below them.
    private static func throttling(_ record: inout CgroupRecord, _ group: Group, time: String, perSecond: Double) {
        let fields = group.fields("cpu.stat")
        guard let periods = fields["nr_throttled"].flatMap({ UInt64($0) }), periods >= record.throttledPeriods ?? 0 else { return }
        record.throttledPeriods = periods
        record.throttled_s = fields[time[...]].flatMap { Double($0) }.map { $0 / perSecond }
    }

    /// A folder of a hierarchy.
    private struct Group {
        private let root: String
        private let path: String

        init(_ root: String, _ path: String) {
            self.root = root
            self.path = path
        }

        func line(_ file: String) -> String? { path.contains("/..") ? nil : try? ProcFile.line("\(root)\(path)/\(file)") }

        func fields(_ file: String) -> [Substring: Substring] {
            guard !path.contains("/.."), let text = try? ProcFile.text("\(root)\(path)/\(file)", limit: 1 << 16) else { return [:] }
            return Dictionary(text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                return words.count == 2 ? (words[0], words[1]) : nil
            }, uniquingKeysWith: { first, _ in first })
        }

        /// The group itself and those around it, nearest first.
        func andAbove(_ limit: Int) -> [Group] {
            var groups = [self]
            while groups.count < limit, let slash = groups[groups.count - 1].path.dropLast().lastIndex(of: "/") {
                groups.append(Group(root, String(groups[groups.count - 1].path[...slash])))
            }
            return groups
        }
    }
}
