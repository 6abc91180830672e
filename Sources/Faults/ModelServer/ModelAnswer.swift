/// The text a model answers with: a function of seed and prompt alone, so that results can be checked.
package struct ModelAnswer: Sendable, Hashable {
    /// Joined without separator they are the text.
    package var tokens: [String]
    /// True when max_tokens cut it short.
    package var isCut: Bool

    package var text: String { tokens.joined() }

    /// The first token is `answer-` and 16 hexadecimal digits of a hash over seed and prompt; words follow.
    package init(seed: UInt64, prompt: String, tokens count: Int, maxTokens: Int? = nil) {
        let wanted = max(1, count)
        let given = max(1, min(wanted, maxTokens ?? wanted))
        var random = SplitMix64(state: Self.hash(seed: seed, prompt))
        let digits = String(random.next(), radix: 16)
        tokens = ["answer-" + String(repeating: "0", count: 16 - digits.count) + digits]
        for _ in 1..<max(given, 2) where tokens.count < given {
            tokens.append(" " + Self.words[Int(random.next() % UInt64(Self.words.count))])
        }
        isCut = given < wanted
    }

    /// FNV-1a, 64 bits (draft-eastlake-fnv), begun with the seed.
    private static func hash(seed: UInt64, _ text: String) -> UInt64 {
        text.utf8.reduce(14_695_981_039_346_656_037 ^ seed) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    private static let words = [
        "the", "scene", "opens", "with", "a", "quiet", "room", "where", "characters", "meet", "and", "dialogue",
        "moves", "plot", "toward", "conflict", "pacing", "holds", "through", "second", "act", "while", "theme",
        "returns", "in", "final", "pages", "structure", "supports", "tension", "voice", "remains", "clear",
    ]
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, seeded, the same everywhere.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    package var state: UInt64
    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
