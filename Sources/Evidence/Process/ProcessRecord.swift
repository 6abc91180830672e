/// One process as /proc shows it, and why it is in the snapshot.
public struct ProcessRecord: Codable, Sendable, Hashable {
    public var identity: ProcessIdentity
    public var parentPID: Int32
    public var processGroup: Int32
    public var session: Int32
    /// The kernel's name for it (comm), at most 15 bytes.
    public var name: String
    /// Target of /proc/PID/exe; " (deleted)" is kept off and told in `executableDeleted`.
    public var executable: String?
    public var executableDeleted: Bool
    /// Arguments, with secrets redacted (see `Redaction`).
    public var arguments: [String]
    public var workingDirectory: String?
    public var userID: UInt32
    /// State letter of the process, as proc(5) lists them: R S D T t Z X I.
    public var state: String
    public var threadCount: Int
    public var children: [Int32]
    /// Seconds since boot at which it started.
    public var started_s: Double
    public var cpu: CPUTime
    public var memory: MemoryUse?
    public var descriptorCount: Int?
    /// Soft limit on open descriptors; nil when unlimited or unknown.
    public var descriptorLimit: Int?
    public var limits: [ResourceLimit]
    public var cgroup: CgroupRecord?
    /// Inode numbers of its namespaces by name: net, mnt, pid, user, uts, ipc, cgroup, time.
    public var namespaces: [String: UInt64]
    /// Signals with a handler, as bits (bit N-1 is signal N): SigCgt of /proc/PID/status.
    public var caughtSignals: UInt64?
    /// Signals sent to the process, or to its main thread, and not delivered since every thread that could take them blocks them; bits as above: ShdPnd and SigPnd.
    public var pendingSignals: UInt64?
    /// How often it read so far, also where nothing came of it, and how many bytes that were: syscr and rchar of /proc/PID/io.
    public var reads: UInt64?
    public var read_bytes: UInt64?
    /// Seccomp mode: 0 none, 1 strict, 2 filter.
    public var seccomp: Int?
    /// Another process that traces this one; nil when none does.
    public var tracerPID: Int32?
    /// Its name (/proc/PID/comm).
    public var tracerName: String?
    /// Timers of Dispatch that are armed, its own housekeeping left out; nil when they were not seen.
    public var dispatchTimers: Int?
    /// How many of those have handlers that can come to no code which lets others go on.
    public var inertTimers: Int?
    /// Language runtimes seen among its modules, such as "swift", "python 3.11", "java", "node".
    public var runtimes: [String]
    /// Why it was looked at: the subject itself, a descendant, or what was followed to it.
    public var role: ProcessRole
    /// For a followed process, what led here, such as "holds the write end of pipe 4711".
    public var followedBecause: String?

    public init(identity: ProcessIdentity, parentPID: Int32 = 0, name: String, role: ProcessRole = .subject) {
        self.identity = identity
        self.parentPID = parentPID
        self.processGroup = 0
        self.session = 0
        self.name = name
        self.executableDeleted = false
        self.arguments = []
        self.userID = 0
        self.state = "S"
        self.threadCount = 1
        self.children = []
        self.started_s = 0
        self.cpu = CPUTime()
        self.limits = []
        self.namespaces = [:]
        self.runtimes = []
        self.role = role
    }
}

public enum ProcessRole: String, Codable, Sendable, Hashable {
    /// The process that was asked about.
    case subject
    /// A child, grandchild ... of the subject.
    case descendant
    /// Holds, owns or is the other end of something that is waited for.
    case followed
}

/// CPU time used, in seconds.
public struct CPUTime: Codable, Sendable, Hashable {
    public var user_s: Double
    public var system_s: Double

    public init(user_s: Double = 0, system_s: Double = 0) {
        self.user_s = user_s
        self.system_s = system_s
    }

    public var total_s: Double { user_s + system_s }
}

/// Memory as /proc/PID/status counts it, in bytes.
public struct MemoryUse: Codable, Sendable, Hashable {
    public var resident_bytes: UInt64
    public var virtual_bytes: UInt64
    public var swapped_bytes: UInt64

    public init(resident_bytes: UInt64, virtual_bytes: UInt64, swapped_bytes: UInt64 = 0) {
        self.resident_bytes = resident_bytes
        self.virtual_bytes = virtual_bytes
        self.swapped_bytes = swapped_bytes
    }
}

/// One line of /proc/PID/limits; nil means unlimited.
public struct ResourceLimit: Codable, Sendable, Hashable {
    public var name: String
    public var soft: UInt64?
    public var hard: UInt64?

    public init(name: String, soft: UInt64?, hard: UInt64?) {
        self.name = name
        self.soft = soft
        self.hard = hard
    }
}

/// The facts of its control groups that can hold a process up.
public struct CgroupRecord: Codable, Sendable, Hashable {
    /// In version 1 that of the cpu controller.
    public var path: String
    /// Times the group, or one around it, was throttled by its CPU quota, and for how long in all.
    public var throttledPeriods: UInt64?
    public var throttled_s: Double?
    public var frozen: Bool?
    public var memoryCurrent_bytes: UInt64?
    public var memoryMaximum_bytes: UInt64?
    public var oomKills: UInt64?
    /// Its memory is used up and nothing is killed for it (oom_kill_disable): whoever asks for more waits.
    public var isOutOfMemory: Bool?
    /// Share of the last ten seconds in which some task waited for memory, 0 to 100.
    public var memoryPressure10s: Double?

    public init(path: String) { self.path = path }

    /// In plain words, what of it can hold a process up; empty as a rule.
    public var holdUps: [String] {
        var words: [String] = []
        if frozen == true { words.append("it is frozen") }
        if isOutOfMemory == true { words.append("its memory is used up, and whoever asks for more waits") }
        if let periods = throttledPeriods, periods > 0 {
            let seconds = throttled_s.map { ", \(($0 * 10).rounded() / 10) s in all" } ?? ""
            words.append("its CPU quota was used up \(periods) time\(periods == 1 ? "" : "s")\(seconds)")
        }
        if let pressure = memoryPressure10s, pressure >= 10 { words.append("\(pressure) % of the last ten seconds some process waited for memory") }
        if let kills = oomKills, kills > 0 { words.append("\(kills) process\(kills == 1 ? "" : "es") in it \(kills == 1 ? "was" : "were") killed for want of memory") }
        return words
    }
}

/// One environment variable. The value is left out unless it was asked for; the digest
/// (salted per recording) lets two runs be compared without showing either value.
public struct EnvironmentEntry: Codable, Sendable, Hashable {
    public var pid: Int32
    public var name: String
    public var value: String?
    public var valueLength: Int
    public var digest: String

    public init(pid: Int32, name: String, value: String?, valueLength: Int, digest: String) {
        self.pid = pid
        self.name = name
        self.value = value
        self.valueLength = valueLength
        self.digest = digest
    }
}

/// A file mapped into a process that holds code, in load-address order.
public struct ModuleRecord: Codable, Sendable, Hashable {
    public var pid: Int32
    public var path: String
    public var baseAddress: UInt64
    public var endAddress: UInt64
    /// Hexadecimal GNU build id; nil when the file has none.
    public var buildID: String?

    public init(pid: Int32, path: String, baseAddress: UInt64, endAddress: UInt64, buildID: String?) {
        self.pid = pid
        self.path = path
        self.baseAddress = baseAddress
        self.endAddress = endAddress
        self.buildID = buildID
    }
}
