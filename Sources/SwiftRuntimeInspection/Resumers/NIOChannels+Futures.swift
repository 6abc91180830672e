internal import Evidence
internal import ProcessInspection

/// What will complete the futures that threads wait for.
extension NIOChannels {
    /// Each future on the way is four references further: future, callback, closure, promise.
    private static let timerDepth = 60

    /// What leads to each of some futures: a connection's handlers, or the result of work that a loop was given to do later.
    ///
    /// The futures that a channel keeps itself are those of its end: whoever waits for such a one waits for no answer. An object of the program's own on the way
    /// may be a handler; what lies behind two is the program's business.
    ///
    /// - Parameter connections: descriptors, by the channels' addresses.
    func leads(to wanted: Set<UInt64>, from connections: [UInt64: Int32], loops: [UInt64]) -> [UInt64: FutureLead] {
        var leading: [UInt64: [(depth: Int, descriptor: Int32)]] = [:]
        for (channel, descriptor) in connections {
            guard let found = futures(wanted, from: [channel], besides: Set(objects(in: channel).filter { name($0) == "EventLoopFuture" }), own: 1) else { return [:] }
            for (future, depth) in found { leading[future, default: []].append((depth, descriptor)) }
        }
        var leads = leading.compactMapValues(Self.nearest).mapValues { FutureLead(descriptor: $0) }
        for work in loops.flatMap(scheduled) {
            let found = futures(wanted.subtracting(leading.keys), from: work.results, besides: [], own: 0, depth: Self.timerDepth) ?? [:]
            for future in found.keys { leads[future] = FutureLead(remaining_s: min(work.remaining_s, leads[future]?.remaining_s ?? .infinity)) }
        }
        return leads
    }

    /// The futures, with how many references away they are; nil when there is more than can be followed.
    ///
    /// - Parameter own: at most so many objects of the program's own classes may lie on the way.
    private func futures(_ wanted: Set<UInt64>, from starts: [UInt64], besides barred: Set<UInt64>, own: Int, depth: Int = maximumDepth) -> [UInt64: Int]? {
        var found: [UInt64: Int] = [:]
        let isWhole = walk(from: starts, besides: barred, upTo: depth) { step, words in
            guard step.own <= own else { return }
            for word in words where wanted.contains(word) && !barred.contains(word) && found[word] == nil { found[word] = step.depth }
            if wanted.contains(step.object), found[step.object] == nil { found[step.object] = step.depth }
        }
        return isWhole ? found : nil
    }

    /// What a loop is to do later: {closure that does it, closure that fails its result ..., number, moment in nanoseconds of uptime} each, in an array of the loop's own
    /// (NIOPosix/MultiThreadedEventLoopGroup.swift, `ScheduledTask`). The second closure holds the promise of its result alone; the first one holds what the program
    /// captured as well, such as a promise that others will complete long before, and that a deadline only fails.
    private func scheduled(by loop: UInt64) -> [(results: [UInt64], remaining_s: Double)] {
        let now_ns = HostFacts.clocks().monotonic_s * 1e9
        for storage in objects(in: loop) where name(storage) == "_ContiguousArrayStorage" {
            guard let count = search.reader.live.word(storage &+ 16), (1...Self.maximumScheduled).contains(count) else { continue }
            for size in Self.scheduledWords {
                guard let words = try? search.reader.live.bytes(at: storage &+ 32, upTo: Int(count) * size * 8).words, words.count == Int(count) * size else { continue }
                let items = stride(from: 0, to: words.count, by: size).map { Array(words[$0..<$0 + size]) }
                // Nothing that is overdue lies there for long, and nothing is meant for a century.
                guard items.allSatisfy({ item in
                    (1..<Self.maximumNumber).contains(item[size - 2]) && Double(item[size - 1]) > now_ns - Self.late_ns && Double(item[size - 1]) < now_ns + Self.century_ns
                }) else { continue }
                return items.map { item in
                    ([item[Self.failing].withoutSpareBits].filter { search.typeName(at: $0) != nil }, max(0, Double(item[size - 1]) - now_ns) / 1e9)
                }
            }
        }
        return []
    }

    /// Two closures, before SwiftNIO 2.80; since then those or a handler of any type.
    private static let scheduledWords = [8, 6, 7]
    /// The context of the second closure.
    private static let failing = 3
    private static let maximumScheduled: UInt64 = 1 << 12
    private static let maximumNumber: UInt64 = 1 << 40
    private static let late_ns = 60e9
    private static let century_ns = 3.2e18
}
