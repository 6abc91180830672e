import Diagnosis
import Evidence

/// One quantity over time, thinned for plotting.
package struct SampleSeries: Sendable, Hashable {
    package struct Point: Sendable, Hashable {
        /// Seconds of scenario time since the run's start.
        package var at: Double
        package var value: Double

        package init(at: Double, value: Double) {
            self.at = at
            self.value = value
        }
    }
    package var title: String
    package var unit: String
    package var points: [Point]

    /// CPU, threads, descriptors, memory, bytes through sockets, and the subject's own gauges, of the subject's process.
    static func all(of section: RunSection, points limit: Int) -> [SampleSeries] {
        let subject = section.run.header.subject ?? section.run.samples.first?.process
        let samples = section.run.samples.filter { $0.process == subject }
        func series(_ title: String, _ unit: String, _ value: (Sample) -> Double?) -> SampleSeries {
            let points: [Point] = samples.compactMap { sample in
                guard let at = section.offset(sample.at), let value = value(sample), value.isFinite else { return nil }
                return Point(at: at, value: value)
            }
            return SampleSeries(title: title, unit: unit, points: thinned(points, to: limit))
        }
        var all = [
            SampleSeries(title: "CPU", unit: "% of one core", points: thinned(cpu(samples, section), to: limit)),
            series("Threads", "") { $0.threads.isEmpty ? nil : Double($0.threads.count) },
            series("Descriptors", "") { $0.descriptorCount.map(Double.init) },
            series("Memory", "MiB resident") { $0.resident_bytes.map { Double($0) / 1_048_576 } },
            series("Received over TCP", "KiB") { received($0).map { $0 / 1024 } },
            series("Lying in socket queues", "B") { $0.sockets.isEmpty ? nil : $0.sockets.reduce(0) { $0 + Double($1.receiveQueue) + Double($1.sendQueue) } },
        ]
        var gauges: Set<String> = []
        for sample in samples { if gauges.count < 12 { gauges.formUnion(sample.gauges.keys.prefix(12)) } }
        all += gauges.sorted().prefix(6).map { name in series(Escaping.clipped(name, to: 60), "") { $0.gauges[name] } }
        return all.filter { !$0.points.isEmpty }
    }

    /// Displayed progress and work done, of the run as a whole.
    static func progressAndWork(of section: RunSection, points limit: Int) -> (progress: SampleSeries, work: SampleSeries) {
        var progress: [Point] = []
        var work: [Point] = []
        for event in section.run.events {
            guard let at = section.offset(event.at) else { continue }
            if event.kind == .progress, let value = event.attributes["progress"]?.number, value.isFinite {
                progress.append(Point(at: at, value: min(max(value, 0), 100)))
            } else if event.kind == .work {
                work.append(Point(at: at, value: Double(work.count + 1)))
            }
        }
        // Both stand as they were until the run was no longer watched.
        if let end = section.run.header.endedAt.flatMap(section.offset) {
            if let last = progress.last, last.at < end { progress.append(Point(at: end, value: last.value)) }
            if let last = work.last, last.at < end { work.append(Point(at: end, value: last.value)) }
        }
        return (
            SampleSeries(title: "Displayed progress", unit: "%", points: thinned(progress, to: limit)),
            SampleSeries(title: "Work done", unit: "work events so far", points: thinned(work, to: limit)))
    }

    private static func received(_ sample: Sample) -> Double? {
        let known = sample.sockets.compactMap(\.bytesReceived)
        return known.isEmpty ? nil : known.reduce(0) { $0 + Double($1) }
    }

    /// CPU time used between neighbouring samples over the real time between them.
    private static func cpu(_ samples: [Sample], _ section: RunSection) -> [Point] {
        zip(samples, samples.dropFirst()).compactMap { before, after in
            let real = after.at.monotonic_s - before.at.monotonic_s
            let used = after.cpu.total_s - before.cpu.total_s
            guard let at = section.offset(after.at), real > 1e-6, used.isFinite, real.isFinite, used >= 0 else { return nil }
            return Point(at: at, value: used / real * 100)
        }
    }

    /// Keeps first, last, and the largest of each of the equal stretches between, so that peaks survive.
    package static func thinned(_ points: [Point], to limit: Int) -> [Point] {
        guard points.count > limit, limit >= 3 else { return points }
        var kept = [points[0]]
        let stretches = limit - 2
        for stretch in 0..<stretches {
            let start = 1 + stretch * (points.count - 2) / stretches
            let end = 1 + (stretch + 1) * (points.count - 2) / stretches
            if let peak = points[start..<max(end, start + 1)].max(by: { $0.value < $1.value }) { kept.append(peak) }
        }
        kept.append(points[points.count - 1])
        return kept
    }
}
