import Archive
import Diagnosis
import Evidence
import Foundation
import Testing

/// Evidence directories that were cut, flipped, emptied and made to lie: an answer each time, never a crash.
///
/// `HANGSCOPE_MUTATIONS=5000` runs it wide.
@Suite struct MutationTests {
    private static let count = ProcessInfo.processInfo.environment["HANGSCOPE_MUTATIONS"].flatMap(Int.init) ?? 150
    private static let seed: UInt64 = 0x6861_6e67

    @Test func damagedDirectoriesAreAnswered() throws {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "hangscope-mutations-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        for turn in 0..<Self.count {
            var random = Random(state: Self.seed &+ UInt64(turn) &* 7919)
            let name = HangFixtureTests.names[Int(random.below(HangFixtureTests.names.count))]
            try? FileManager.default.removeItem(at: scratch)
            try FileManager.default.copyItem(at: HangFixtureTests.folder.appendingPathComponent(name), to: scratch)
            var done: [String] = []
            for _ in 0...random.below(3) { done.append(try Mutation.apply(in: scratch.path, &random)) }
            if ProcessInfo.processInfo.environment["HANGSCOPE_MUTATIONS"] != nil {
                FileHandle.standardError.write(Data("\(turn) \(name): \(done.joined(separator: "; "))\n".utf8))
            }
            // A folder with nothing left in it is refused, with a remedy.
            guard let run = try? RunReader.read(scratch.path) else { continue }
            let assessment = Diagnoser.assess(run: run, baseline: nil, options: DiagnosisOptions(hungAfter_s: 2))
            let what = "turn \(turn), \(name): \(done)"
            #expect(!assessment.headline.isEmpty, "\(what)")
            if assessment.verdict == .unknown { #expect(!assessment.nextSteps.isEmpty, "\(what)") }
            for finding in assessment.findings where finding.role == .root {
                #expect(!finding.chain.isEmpty && finding.chain.allSatisfy { !$0.evidence.isEmpty }, "\(what)")
            }
            #expect((try? EvidenceCoding.encoder().encode(assessment)) != nil, "\(what)")
        }
    }
}

/// splitmix64 (Steele and others, 2014).
struct Random {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }
}

/// One kind of damage to one file.
private enum Mutation: Int, CaseIterable {
    case cut, flip, delete, swap, huge, negative, wrongType, nulls, cycleOfParents, repeatRows, sameIDs, dropRows

    /// Says what was done, for whoever has to find out why something went wrong.
    static func apply(in folder: String, _ random: inout Random) throws -> String {
        let files = ((FileManager.default.enumerator(atPath: folder)?.allObjects as? [String]) ?? []).filter { $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") }.sorted()
        guard !files.isEmpty else { return "nothing left" }
        let file = files[random.below(files.count)]
        let path = "\(folder)/\(file)"
        let kind = allCases[random.below(allCases.count)]
        var data = FileManager.default.contents(atPath: path) ?? Data()
        switch kind {
        case .delete: try FileManager.default.removeItem(atPath: path)
        case .cut: try data.prefix(random.below(data.count + 1)).write(to: URL(fileURLWithPath: path))
        case .flip:
            for _ in 0..<(1 + random.below(8)) where !data.isEmpty { data[data.startIndex + random.below(data.count)] = UInt8(truncatingIfNeeded: random.next()) }
            try data.write(to: URL(fileURLWithPath: path))
        case .swap: try (FileManager.default.contents(atPath: "\(folder)/\(files[random.below(files.count)])") ?? Data()).write(to: URL(fileURLWithPath: path))
        default:
            let lines = file.hasSuffix(".jsonl") ? data.split(separator: UInt8(ascii: "\n")).map { Data($0) } : [data]
            var changed = Data()
            for line in lines {
                let value = try? JSONSerialization.jsonObject(with: line, options: .fragmentsAllowed)
                let damaged = value.map { kind.damage($0, &random, depth: 0) }
                changed += damaged.flatMap { try? JSONSerialization.data(withJSONObject: $0, options: .fragmentsAllowed) } ?? line
                changed.append(UInt8(ascii: "\n"))
            }
            try changed.write(to: URL(fileURLWithPath: path))
        }
        return "\(kind) \(file)"
    }

    private func damage(_ value: Any, _ random: inout Random, depth: Int) -> Any {
        if var rows = value as? [Any] {
            if depth == 0, !rows.isEmpty, self == .repeatRows { rows += rows }
            if depth == 0, self == .dropRows { rows = rows.filter { _ in random.below(2) == 0 } }
            return rows.map { damage($0, &random, depth: depth + 1) }
        }
        if let fields = value as? [String: Any] {
            var changed: [String: Any] = [:]
            // In order, so that a seed always does the same.
            for key in fields.keys.sorted() { changed[key] = damage(key, fields[key] ?? NSNull(), &random, depth: depth + 1) }
            return changed
        }
        return leaf(value, &random)
    }

    private func damage(_ key: String, _ value: Any, _ random: inout Random, depth: Int) -> Any {
        let ids = ["pid", "tid", "ownerTID", "inode", "parentPID", "objectAddress", "fd"]
        if self == .cycleOfParents, key == "parentPID" || key == "pid", value is NSNumber { return 100 + random.below(2) }
        if self == .sameIDs, ids.contains(key), value is NSNumber { return random.below(3) }
        return damage(value, &random, depth: depth)
    }

    private func leaf(_ value: Any, _ random: inout Random) -> Any {
        guard random.below(6) == 0 else { return value }
        switch self {
        case .huge: return value is NSNumber ? [Int.max, Int(Int32.max), 4_000_000_000][random.below(3)] : value
        case .negative: return value is NSNumber ? [-1, Int.min, Int(Int32.min)][random.below(3)] : value
        case .wrongType: return value is NSNumber ? "a word" : 7
        case .nulls: return NSNull()
        default: return value
        }
    }
}
