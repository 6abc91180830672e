import Diagnosis
import Evidence

/// The same place in each of the runs, with who stands there.
struct StackPair: Sendable, Hashable {
    /// One for each run; nil where nobody stands there.
    var groups: [StackGroup?]

    /// Another number of threads or tasks stands here in one of the runs, or they do something else here.
    var differs: Bool { groups.count > 1 && (countDiffers || kindDiffers) }
    var countDiffers: Bool { Set(groups.map { $0?.count ?? 0 }).count > 1 }
    var kindDiffers: Bool { Set(groups.compactMap { $0?.kinds }).count > 1 }
    var any: StackGroup { groups.lazy.compactMap(\.self).first! }
}

enum StackPairs {
    static let limit = 80

    /// Differing places first; at most `limit`, and how many were left out.
    static func pairs(_ runs: [[StackGroup]]) -> (pairs: [StackPair], omitted: Int) {
        var order: [String] = []
        var groups: [String: [StackGroup?]] = [:]
        // The last run is the one the report is about: its places lead.
        for (column, run) in runs.enumerated().reversed() {
            for group in run {
                if groups[group.signature] == nil {
                    groups[group.signature] = Array(repeating: nil, count: runs.count)
                    order.append(group.signature)
                }
                groups[group.signature]![column] = group
            }
        }
        let all = order.map { StackPair(groups: groups[$0]!) }
        let sorted = all.filter(\.differs) + all.filter { !$0.differs }
        return (Array(sorted.prefix(limit)), max(0, sorted.count - limit))
    }
}
