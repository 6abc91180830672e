import Scenario
import Testing

/// Whatever stands in a file, reading it ends with a plan or with problems.
@Suite struct MutationTests {
    /// SplitMix64: the same mutations in every run.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    static let pieces = [
        "{", "}", "[", "]", ":", ": ", "- ", "? ", "&a ", "*a", "!!str ", "\"", "'", "|\n", ">\n", "#", "\n", "\t", "  ", "~", "null", "0", "-1",
        "1e999", ".inf", "${", "${llm.url}", "}", "@", "@scripts/", "%YAML 9.9\n", "---\n", "...\n", "\u{0}", "\u{85}", "\u{2028}", "é", "👩‍👩‍👧",
        "variants:", "faults:", "expect:", "<<: ", "9223372036854775808", "stall:", "when:", "[[[[", "{{{{", "? ? ? ", "within: ",
    ]

    @Test(arguments: 0..<24)
    func anyMutationEndsInAPlanOrProblems(seed: UInt64) {
        var generator = Generator(state: seed)
        let loader = ScenarioLoader(vocabulary: seed % 2 == 0 ? ExampleScenario.vocabulary : .permissive)
        for _ in 0..<60 {
            var bytes = Array(ExampleScenario.text.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let at = Int.random(in: 0...bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes.insert(contentsOf: Self.pieces.randomElement(using: &generator)!.utf8, at: at)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0...30, using: &generator)))
                case 2: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &generator) }
                case 3: bytes.removeSubrange(at...)
                default:
                    let from = Int.random(in: 0...bytes.count, using: &generator)
                    bytes.insert(contentsOf: bytes[from..<min(bytes.count, from + 80)], at: at)
                }
            }
            do {
                let plan = try loader.read(bytes, file: "s.yaml", folder: ".")
                #expect(!plan.variants.isEmpty)
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.count <= 100)
                #expect(error.problems.allSatisfy { $0.position.line >= 1 && $0.position.column >= 1 && !$0.message.isEmpty })
            }
        }
    }
}
