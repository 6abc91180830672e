internal import Archive
internal import Evidence
internal import FoundationEssentials
internal import Synchronization

/// What was armed, switched and healed, when. Kept apart from the evidence: rules never read it.
final class TruthLog: Sendable {
    /// A line of truth/VARIANT.jsonl.
    struct Entry: Codable, Sendable {
        var at: Moment
        var variant: String?
        /// What it is, such as "stall of service llm (after-tokens 12)".
        var what: String
        var id: String
        /// "armed", "healed", "failed".
        var action: String
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ entry: Entry) { entries.withLock { $0.append(entry) } }

    var contents: Data {
        entries.withLock { entries in
            entries.reduce(into: Data()) { data, entry in
                if let line = try? EvidenceCoding.line(entry) { data.append(line) }
            }
        }
    }
}
