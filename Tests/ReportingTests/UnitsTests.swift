import Reporting
import Testing

@Suite struct UnitsTests {
    @Test(arguments: [
        (0.0, "0 s"), (0.0001, "under 1 ms"), (0.12, "120 ms"), (1.24, "1.2 s"), (9.94, "9.9 s"), (41, "41 s"), (119.4, "119 s"), (320, "5 min 20 s"),
        (600, "10 min"), (7380, "2 h 3 min"), (-5, "-5.0 s"), (.nan, "an unknown time"), (.infinity, "an unknown time"), (1e300, "1e+300 s"),
    ])
    func durations(seconds: Double, text: String) { #expect(Units.duration(seconds) == text) }

    @Test func bytes() {
        #expect(Units.bytes(0) == "0 B")
        #expect(Units.bytes(1023) == "1023 B")
        #expect(Units.bytes(13_530) == "13 KiB")
        #expect(Units.bytes(UInt64.max) == "16384 PiB")
        #expect(Units.bytes(Double.nan) == "unknown")
    }

    @Test func counts() {
        #expect(Units.count(100_000) == "100\u{202F}000")
        #expect(Units.count(.min).hasPrefix("-9"))
        #expect(Units.count(1, "thread") == "1 thread")
        #expect(Units.count(2, "child") == "2 children")
    }

    @Test func decimals() {
        #expect(Units.fixed(1.005, 1) == "1.0")
        #expect(Units.fixed(-0.04, 1) == "0.0")
        #expect(Units.fixed(2.5, 0) == "3")
        #expect(Units.fixed(12.034, 3) == "12.034")
    }

    @Test(arguments: [(0.0, "1970-01-01 00:00:00 UTC"), (951_782_400, "2000-02-29 00:00:00 UTC"), (1_795_230_891, "2026-11-21 03:14:51 UTC"), (.nan, "at an unknown date")])
    func dates(wall: Double, text: String) { #expect(Units.date(wall) == text) }
}
