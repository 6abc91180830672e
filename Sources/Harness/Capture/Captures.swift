internal import Archive
internal import Evidence

/// The snapshots of one run, numbered, one at a time.
actor Captures {
    private let writer: RunWriter
    private let process: CaptureProcess?
    private(set) var count = 0
    /// Monotonic second at which the last one was begun.
    private(set) var lastAt_s: Double?
    private(set) var failures: [String] = []
    private var isBusy = false

    init(writer: RunWriter, process: CaptureProcess?) {
        self.writer = writer
        self.process = process
    }

    /// Why there will be none; nil when there can be.
    nonisolated var unavailable: String? {
        process == nil ? "the capture did not get ready; see `hangscope doctor`: tracing may not be permitted here" : nil
    }

    func take(_ reason: SnapshotReason, at moment: Moment) async {
        guard let process, !isBusy else { return }
        isBusy = true
        defer { isBusy = false }
        count += 1
        lastAt_s = moment.monotonic_s
        do {
            let directory = try await writer.snapshotDirectory(count)
            if let failure = await process.capture(ordinal: count, reason: reason, at: moment, directory: directory) {
                failures.append(failure)
            }
        } catch {
            failures.append(error.description)
        }
    }

    func end() async { await process?.end() }
}
