package import Evidence
internal import Glibc

/// The machine and its clocks.
package enum HostFacts {
    package static func clocks() -> ClockReading {
        ClockReading(monotonic_s: seconds(CLOCK_MONOTONIC), boottime_s: seconds(CLOCK_BOOTTIME), wall_s: seconds(CLOCK_REALTIME))
    }

    package static func record() -> HostRecord {
        var names = utsname()
        uname(&names)
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return HostRecord(
            name: text(names.nodename), kernel: text(names.release), architecture: text(names.machine),
            bootID: (try? ProcFile.line("/proc/sys/kernel/random/boot_id")) ?? "",
            processors: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
