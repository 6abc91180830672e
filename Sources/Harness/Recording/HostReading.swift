internal import Evidence
internal import Glibc
internal import Processes
internal import ProcessInspection

/// The machine and its clocks, for a run's header.
enum HostReading {
    static func current() -> HostRecord { HostFacts.record() }

    static func clocks() -> ClockReading { HostFacts.clocks() }

    static func name(of pid: Int32) -> String? { ProcessStat(of: pid)?.name }
}
