package import Evidence
internal import Glibc
internal import ProcessInspection

/// Reads a process cheaply, without stopping it: CPU, threads, descriptors, sockets, bytes.
///
/// About 3 small files a thread; sockets are looked up only every `socketsEvery`th time.
package struct ProcessSampler: Sendable {
    static let maximumThreads = 2_000
    package let process: ProcessIdentity
    private let clock: ScenarioClock
    private let socketsEvery: Int
    private var taken = 0
    private var lastSockets: [SocketSample] = []

    package init(process: ProcessIdentity, clock: ScenarioClock, socketsEvery: Int = 5) {
        self.process = process
        self.clock = clock
        self.socketsEvery = max(1, socketsEvery)
    }

    /// A sample; nil when the process has ended (or its pid is another's now).
    package mutating func sample(gauges: [String: Double] = [:]) -> Sample? {
        let proc = ProcDirectory(pid: process.pid)
        let moment = clock.now()
        guard let stat = try? proc.stat(), stat.startTicks == process.startTicks, stat.state != "Z", stat.state != "X" else { return nil }
        var sample = Sample(at: moment, process: process, cpu: CPUTime(user_s: stat.user_s, system_s: stat.system_s))
        sample.resident_bytes = stat.resident_pages.multipliedReportingOverflow(by: UInt64(sysconf(Int32(_SC_PAGESIZE)))).partialValue
        if let (read, written) = try? proc.transferred() { (sample.read_bytes, sample.written_bytes) = (read, written) }
        sample.threads = threads(proc)
        let descriptors = try? proc.descriptors()
        sample.descriptorCount = descriptors?.count
        if taken % socketsEvery == 0, let descriptors { lastSockets = sockets(proc, descriptors) }
        sample.sockets = lastSockets
        sample.gauges = gauges
        taken += 1
        return sample
    }

    private func threads(_ proc: ProcDirectory) -> [ThreadSample] {
        ((try? proc.threads()) ?? []).prefix(Self.maximumThreads).compactMap { tid in
            let thread = proc.thread(tid)
            guard let stat = try? thread.stat() else { return nil }
            var sample = ThreadSample(tid: tid, state: stat.state, cpu_s: (try? thread.processorTime_s()) ?? stat.user_s + stat.system_s)
            sample.switches = try? thread.timeslices()
            switch try? thread.syscall() {
            case .running: sample.syscall = -1
            case .blocked: sample.syscall = -1
            case .inCall(let number, let arguments, _, _): (sample.syscall, sample.argument) = (number, arguments.first)
            case nil: break
            }
            return sample
        }
    }

    private func sockets(_ proc: ProcDirectory, _ descriptors: [Int32]) -> [SocketSample] {
        var own: Set<UInt64> = []
        for descriptor in descriptors.prefix(20_000) {
            guard let target = try? proc.descriptorTarget(descriptor), target.hasPrefix("socket:["),
                let inode = UInt64(target.dropFirst(8).dropLast())
            else { continue }
            own.insert(inode)
        }
        guard !own.isEmpty else { return [] }
        return SocketTable.read(networkNamespaceOf: process.pid).elements
            .filter { own.contains($0.inode) && $0.transport == .tcp }
            .map {
                SocketSample(
                    inode: $0.inode, state: $0.state, receiveQueue: $0.receiveQueue, sendQueue: $0.sendQueue,
                    bytesReceived: $0.tcp?.bytesReceived, bytesSent: $0.tcp?.bytesSent)
            }
    }
}
