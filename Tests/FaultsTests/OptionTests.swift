import Faults
import Testing

@Suite struct OptionTests {
    @Test(arguments: [("30s", 30.0), ("250ms", 0.25), ("5m", 300), ("1h", 3600), ("2.5", 2.5), ("0", 0)])
    func readsTimes(text: String, seconds: Double) { #expect(OptionValues.parseSeconds(text) == seconds) }

    @Test(arguments: ["", "s", "-1s", "1d", "1e3", "nan", "inf", "1 s", "0x10", "..s"])
    func refusesOtherTimes(text: String) { #expect(OptionValues.parseSeconds(text) == nil) }

    @Test(arguments: [("4096", 4096), ("64KB", 64000), ("1MiB", 1_048_576), ("5B", 5)])
    func readsAmounts(text: String, bytes: Int) { #expect(OptionValues.parseBytes(text) == bytes) }

    @Test func everyKindIsDescribed() {
        let names = FaultRegistry.all.map(\.name)
        #expect(Set(names).count == names.count)
        for kind in FaultRegistry.all {
            #expect(kind.doc.hasSuffix("."))
            #expect(!kind.targets.isEmpty)
            #expect(kind.needsService == kind.options.contains { $0.kind == .service && $0.required })
            let defaults = Dictionary(uniqueKeysWithValues: kind.options.compactMap { option in option.default.map { (option.name, $0) } })
            let required = kind.options.filter(\.required)
            #expect(required.isEmpty || throws_({ try FaultRegistry.check(kind: kind.name, options: defaults) }))
        }
    }

    private func throws_(_ body: () throws -> Void) -> Bool {
        do { try body(); return false } catch { return true }
    }
}
