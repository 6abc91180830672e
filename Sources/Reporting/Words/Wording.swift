import Diagnosis
import Evidence

/// The words that all renderers share.
enum Wording {
    static func verdict(_ verdict: Verdict) -> String {
        switch verdict {
        case .hang: "Hang"
        case .slow: "Slow, but advancing"
        case .advancing: "Advancing"
        case .idle: "Idle"
        case .failed: "Failed"
        case .completed: "Completed"
        case .unknown: "Unknown"
        }
    }

    /// What a confidence rests on, in a few words.
    static func confidence(_ confidence: Confidence) -> String {
        switch confidence {
        case .observed: "one snapshot shows it"
        case .persisted: "two snapshots, apart in time, show it unchanged"
        case .contrasted: "the working run, at the same point of the work, differs exactly here"
        case .proven: "lifting it lets the run end, putting it back hangs it, over repeated runs"
        }
    }

    /// What a verdict without a root cause means to the reader.
    static func withoutRoot(_ verdict: Verdict) -> String {
        switch verdict {
        case .hang: "It stands still, and the evidence does not name one cause."
        case .unknown: "The evidence decides neither way; this is not a clean bill of health."
        case .idle: "It waits for work that nobody has given it."
        case .slow: "It is late, and it advances."
        case .advancing: "It advances."
        case .completed: "It ended as it should."
        case .failed: "It ended, with a failure."
        }
    }

    static func kind(_ kind: ChainLink.Kind) -> String {
        switch kind {
        case .futex: "lock word"
        case .event: "event"
        case .peer: "other end"
        default: kind.rawValue
        }
    }

    /// How long a step has stood, real time first explained: "72 s of scenario time (1.2 s real)".
    static func since(_ real_s: Double?, timeScale: Double) -> String? {
        guard let real_s, real_s.isFinite, real_s >= 0 else { return nil }
        guard timeScale.isFinite, timeScale > 0, timeScale != 1 else { return Units.duration(real_s) }
        return "\(Units.duration(real_s * timeScale)) of scenario time (\(Units.duration(real_s)) real)"
    }

    /// The same in one number, where `timeNote` stands above: "72 s".
    static func sinceShort(_ real_s: Double?, timeScale: Double) -> String? {
        guard let real_s, real_s.isFinite, real_s >= 0 else { return nil }
        return Units.duration(real_s * timeScale)
    }

    /// " (scenario time: 60 s are 1 s real)"; empty where both are the same.
    static func timeNote(_ timeScale: Double, brackets: Bool = true) -> String {
        guard timeScale != 1 else { return "" }
        let note = "scenario time: \(Units.plain(timeScale)) s are 1 s real"
        return brackets ? " (\(note))" : " \(note)"
    }

    static func snapshotReason(_ reason: SnapshotReason) -> String {
        switch reason {
        case .requested: "on request"
        case .alarm: "at the alarm"
        case .confirmation: "a later look at the same hang"
        case .samePoint: "at the point where the other run stood still"
        }
    }

    static func area(_ area: Comparison.Difference.Area) -> String {
        area == .store ? "job store" : area.rawValue
    }
}

extension Assessment {
    /// The verdict and its root cause in one sentence; made up from the findings where there is no headline.
    var sentence: String {
        if let root, headline.isEmpty || headline.hasSuffix(root.summary) { return Self.capitalized(root.summary) }
        guard !headline.isEmpty else { return Wording.withoutRoot(verdict) }
        // The verdict stands before the sentence already.
        for opening in ["It hangs: ", "It is slow but advances: ", "It advances: ", "It is idle: ", "It failed: ", "It completed: ", "Not shown either way: "]
        where headline.hasPrefix(opening) {
            return Self.capitalized(String(headline.dropFirst(opening.count)))
        }
        return Self.capitalized(headline)
    }

    private static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    var contributing: [Finding] { findings.filter { $0.role == .contributing } }
}

extension RunSection {
    var timeScale: Double {
        let scale = run.header.timeScale
        return scale.isFinite && scale > 0 ? scale : 1
    }

    /// Seconds of scenario time from the run's start (real time where there is no scenario clock); nil when it cannot be placed.
    func offset(_ moment: Moment) -> Double? {
        let value = moment.scenario_s ?? (moment.monotonic_s - run.header.startedAt.monotonic_s) * timeScale
        return value.isFinite && abs(value) < 1e9 ? value : nil
    }

    /// Verdict and root in a few words: "hang: peer-stalled (contrasted), with progress-simulated".
    var inShort: String {
        var text = assessment.verdict.rawValue
        if let root = assessment.root { text += ": \(root.cause.rawValue) (\(root.confidence.rawValue))" }
        let others = assessment.findings.filter { $0 != assessment.root }.map(\.cause.rawValue)
        if !others.isEmpty { text += (assessment.root == nil ? ": " : ", with ") + others.prefix(6).joined(separator: ", ") }
        return text
    }
}
