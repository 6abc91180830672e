internal import Evidence
internal import Dispatch
internal import Foundation
internal import Glibc
internal import ProcessInspection

/// Tries what capturing and injecting need, instead of guessing from versions.
enum MachineChecks {
    static func all() -> [MachineCheck] {
        [
            kernel(), tracingOwn(), tracingOthers(), syscalls(), sockets(), tcpRepair(), networkNamespaces(), jobSystem(), swiftNames(),
            library("libunwind", package: "libunwind-dev"), library("libsqlite3", package: "libsqlite3-dev"), gdb(),
            helper("py-spy", remedy: "pip install py-spy", purpose: "shows the Python frames of Python processes"),
            helper("jstack", remedy: "install a JDK", purpose: "shows the Java frames of Java processes"),
        ]
    }

    // MARK: Kernel

    /// PTRACE_SEIZE is from 3.4, pidfd_open(2) from 5.3, PTRACE_GET_SYSCALL_INFO from 5.3.
    private static func kernel() -> MachineCheck {
        let release = text("/proc/sys/kernel/osrelease")?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        let isNew = numbers.count == 2 && (numbers[0], numbers[1]) >= (5, 3)
        return MachineCheck(
            "kernel", isNew ? .ok : .missing, "Linux \(release)", remedy: "Linux 5.3 or later is needed (pidfd).", isNeeded: true)
    }

    // MARK: Tracing

    /// Capability numbers of linux/capability.h.
    private enum LinuxCapability: Int { case sysPtrace = 19, sysAdmin = 21 }

    private static func has(_ capability: LinuxCapability) -> Bool {
        guard let line = text("/proc/self/status")?.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") }),
            let mask = line.split(whereSeparator: \.isWhitespace).last.flatMap({ UInt64($0, radix: 16) })
        else { return false }
        return mask & (1 << UInt64(capability.rawValue)) != 0
    }

    /// Opening a child's memory asks the kernel the same question as PTRACE_SEIZE (proc(5), ptrace(2) "access mode").
    static func tracingOwn() -> MachineCheck {
        let remedy = "In a container, run with --cap-add SYS_PTRACE, or a seccomp profile that permits ptrace and process_vm_readv."
        let result = withChild { pid in
            let descriptor = open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
            if descriptor >= 0 { close(descriptor) }
            return descriptor >= 0 ? nil : String(cString: strerror(errno))
        }
        switch result {
        case .some(nil): return MachineCheck("ptrace, own processes", .ok, "what Hangscope starts can be captured", isNeeded: true)
        case .some(let reason?): return MachineCheck("ptrace, own processes", .missing, reason, remedy: remedy, isNeeded: true)
        case nil: return MachineCheck("ptrace, own processes", .limited, "not tried: no child could be started", remedy: remedy)
        }
    }

    /// Documentation/admin-guide/LSM/Yama.rst: 0 all of the user's, 1 descendants, 2 with CAP_SYS_PTRACE, 3 none.
    private static func tracingOthers() -> MachineCheck {
        let name = "ptrace, other processes"
        let scope = text("/proc/sys/kernel/yama/ptrace_scope").flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        let mayAll = has(.sysPtrace)
        switch scope {
        case 3: return MachineCheck(name, .missing, "Yama's ptrace_scope is 3: nobody may trace", remedy: "It can be lowered only at boot: sysctl kernel.yama.ptrace_scope.")
        case 1 where !mayAll, 2 where !mayAll:
            return MachineCheck(
                name, .limited, "Yama's ptrace_scope is \(scope!): `attach` reaches only what Hangscope started",
                remedy: "sudo sysctl kernel.yama.ptrace_scope=0, or run `sudo hangscope attach PID`.")
        default:
            let yama = scope.map { "Yama's ptrace_scope is \($0)" } ?? "no Yama"
            return MachineCheck(name, .ok, mayAll ? "CAP_SYS_PTRACE; \(yama)" : "\(yama): processes of this user")
        }
    }

    private static func syscalls() -> MachineCheck {
        let remedy = "The kernel needs CONFIG_HAVE_ARCH_TRACEHOOK; without it what a thread waits for is told from its stack alone."
        let result = withChild { text("/proc/\($0)/syscall") }
        if case .some(.some(let line)) = result, !line.isEmpty {
            return MachineCheck("/proc/PID/syscall", .ok, "system calls of waiting threads can be read")
        }
        return MachineCheck("/proc/PID/syscall", .limited, "cannot be read", remedy: remedy)
    }

    // MARK: Network

    private static func sockets() -> MachineCheck {
        let table = SocketTable.read(networkNamespaceOf: getpid())
        switch table {
        case .complete: return MachineCheck("sock_diag", .ok, "TCP state and queues can be read")
        case .partial(_, let reason): return MachineCheck("sock_diag", .limited, reason, remedy: "modprobe tcp_diag unix_diag")
        case .unavailable(let reason): return MachineCheck("sock_diag", .limited, reason, remedy: "modprobe tcp_diag unix_diag")
        }
    }

    /// TCP_REPAIR, tcp(7) and linux/tcp.h: option 19, needs CAP_NET_ADMIN.
    static func tcpRepair() -> MachineCheck {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { if descriptor >= 0 { close(descriptor) } }
        var on: Int32 = 1
        let isPermitted = descriptor >= 0 && setsockopt(descriptor, Int32(IPPROTO_TCP), 19, &on, socklen_t(MemoryLayout<Int32>.size)) == 0
        let reason = isPermitted ? "half-open connections can be made" : String(cString: strerror(errno))
        return MachineCheck(
            "TCP_REPAIR", isPermitted ? .ok : .limited, reason,
            remedy: "Run as root or with CAP_NET_ADMIN; scenarios that need tcp-repair are skipped, visibly.")
    }

    static func networkNamespaces() -> MachineCheck {
        let number = OnThread.run { () -> Int32 in
            // Glibc declares it for _GNU_SOURCE only, which Swift's module does not set.
            typealias Unshare = @convention(c) (Int32) -> Int32
            guard let symbol = dlsym(nil, "unshare") else { return ENOSYS }
            return unsafeBitCast(symbol, to: Unshare.self)(0x4000_0000 /* CLONE_NEWNET, clone(2) */) == 0 ? 0 : errno
        }
        let isPermitted = number == 0
        return MachineCheck(
            "network namespaces", isPermitted ? .ok : .limited, isPermitted ? "can be made" : String(cString: strerror(number)),
            remedy: "Run as root or with CAP_SYS_ADMIN; scenarios that need network-namespaces are skipped, visibly.")
    }

    // MARK: Programs and libraries

    private static func jobSystem() -> MachineCheck {
        let path = VocabularySource.jobSystemPath
        let isThere = FileManager.default.isExecutableFile(atPath: path)
        return MachineCheck("jobd", isThere ? .ok : .missing, isThere ? path : "not at \(path)", remedy: "Build it with `swift build`; scenarios of the job system need it.", isNeeded: true)
    }

    /// Whether this very executable carries the demangler of Swift's runtime: a statically linked one might have lost it.
    private static func swiftNames() -> MachineCheck {
        let name = Demangling.short("$s3app9LLMClientC8completeyyYaF")
        let isRight = name == "LLMClient.complete()"
        return MachineCheck(
            "names of Swift", isRight ? .ok : .limited, isRight ? "functions are shown as people write them" : "functions are shown as symbols, `\(name ?? "$s...")`",
            remedy: "Build with the Swift runtime's demangler (swift_demangle).")
    }

    /// The executable needs it to start, so it is there: which one, is worth knowing.
    private static func library(_ name: String, package: String) -> MachineCheck {
        let loaded = (text("/proc/self/maps") ?? "").split(separator: "\n").compactMap { $0.split(separator: " ").last }
            .first { $0.contains("/\(name)") }
        return MachineCheck(name, .ok, loaded.map(String.init) ?? "linked statically", remedy: "apt-get install \(package)")
    }

    private static func gdb() -> MachineCheck {
        MachineCheck("gdb", .ok, program("gdb").map { "\($0); not needed" } ?? "not there, not needed")
    }

    private static func helper(_ name: String, remedy: String, purpose: String) -> MachineCheck {
        guard let path = program(name) else { return MachineCheck(name, .limited, "not there; optional: it \(purpose)", remedy: remedy) }
        return MachineCheck(name, .ok, "\(path); \(purpose)")
    }

    private static func program(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    // MARK: Trying

    /// Runs something on a child that sleeps, and ends it; nil when there is no child to be had.
    private static func withChild<Value>(_ body: (Int32) -> Value) -> Value? {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/sleep")
        child.arguments = ["30"]
        guard (try? child.run()) != nil else { return nil }
        defer {
            child.terminate()
            child.waitUntilExit()
        }
        return body(child.processIdentifier)
    }

    private static func text(_ path: String) -> String? {
        // /proc files have no size: read until the end, which is near.
        guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: 1 << 20) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Runs something on a thread of its own, which then ends: what it did to itself ends with it.
private enum OnThread {
    static func run(_ body: @escaping @Sendable () -> Int32) -> Int32 {
        let result = ThreadResult()
        Thread.detachNewThread {
            result.value = body()
            result.done.signal()
        }
        result.done.wait()
        return result.value
    }

    /// Handed over by the semaphore: written before the signal, read after the wait.
    private final class ThreadResult: @unchecked Sendable {
        let done = DispatchSemaphore(value: 0)
        var value: Int32 = 0
    }
}
