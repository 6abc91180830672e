internal import Evidence
internal import ProcessInspection

/// Those who go on by themselves in a Swift program, and the code that each can come to which lets others go on.
struct SwiftTickers {
    enum Name: Hashable { case task(UInt64), thread(Int32), timer(Int) }

    struct Ticker {
        var name: Name
        /// Program counters of its frames, innermost first.
        var frames: [UInt64] = []
        /// Addresses in the program's own file, and metadata of classes, that lie in memory to which it leads.
        var held: Set<UInt64>
    }

    private static let maximumRounds = 3

    private(set) var releases: [Name: Observed<[String]>] = [:]

    init(_ tickers: [Ticker], _ reach: CodeReach) {
        // What one makes another may come to have: as long as that adds to the classes of which there may be objects, all are looked at again.
        var met: Set<UInt64>? = []
        for round in 0..<Self.maximumRounds {
            let before = met
            if round == Self.maximumRounds - 1 { met = nil }
            for ticker in tickers { releases[ticker.name] = reach.releases(fromSwift: ticker.frames, held: ticker.held, met: &met) }
            if tickers.count < 2 || met == before { return }
        }
    }
}
