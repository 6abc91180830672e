internal import Evidence

/// The version 2 control group of a process: what can throttle, freeze or kill it.
enum CgroupReader {
    static func read(_ proc: ProcDirectory) -> CgroupRecord? {
        guard let text = try? ProcFile.text("\(proc.path)/cgroup", limit: 1 << 16),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
        else { return nil }
        let path = String(line.dropFirst(3))
        var record = CgroupRecord(path: path)
        guard !path.contains("/..") else { return record }
        let folder = "/sys/fs/cgroup" + (path == "/" ? "" : path)
        func value(_ file: String) -> String? { try? ProcFile.line("\(folder)/\(file)") }
        func fields(_ file: String) -> [Substring: Substring] {
            let lines = ((try? ProcFile.text("\(folder)/\(file)", limit: 1 << 16)) ?? "").split(separator: "\n")
            return Dictionary(lines.compactMap { line in
                let words = line.split(separator: " ")
                return words.count == 2 ? (words[0], words[1]) : nil
            }, uniquingKeysWith: { first, _ in first })
        }
        let cpu = fields("cpu.stat")
        record.throttledPeriods = cpu["nr_throttled"].flatMap { UInt64($0) }
        record.throttled_s = cpu["throttled_usec"].flatMap { Double($0) }.map { $0 / 1e6 }
        record.frozen = fields("cgroup.events")["frozen"].map { $0 == "1" }
        record.memoryCurrent_bytes = value("memory.current").flatMap { UInt64($0) }
        record.memoryMaximum_bytes = value("memory.max").flatMap { UInt64($0) }
        record.oomKills = fields("memory.events")["oom_kill"].flatMap { UInt64($0) }
        // some avg10=0.00 avg60=0.00 avg300=0.00 total=0
        record.memoryPressure10s = value("memory.pressure")?.split(separator: " ").first { $0.hasPrefix("avg10=") }
            .flatMap { Double($0.dropFirst("avg10=".count)) }
        return record
    }
}
