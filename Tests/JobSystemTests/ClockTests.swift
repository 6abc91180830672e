import Testing

import JobSystem

@Suite struct ClockTests {
    @Test func itRunsAtItsScale() async throws {
        let clock = ScaledClock(scale: 1000)
        let real = ContinuousClock.now
        let before = clock.now
        try await clock.sleep(for: .seconds(20))
        let passed = before.duration(to: clock.now)
        #expect(passed >= .seconds(20))
        // It cannot have run ahead of a thousand times the real time around it.
        #expect(passed <= real.duration(to: .now) * 1000.0)
    }

    @Test func itStartsWhereItIsTold() {
        #expect(ScaledClock(scale: 1, start: .seconds(500)).seconds >= 500)
        #expect(ScaledClock(scale: 60).real(.seconds(30)) == .milliseconds(500))
    }

    @Test func aCancelledSleepEnds() async {
        let clock = ScaledClock(scale: 0.001)
        let task = Task { try await clock.sleep(for: .seconds(3600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(arguments: [("300s", 300.0), ("500ms", 0.5), ("10m", 600), ("1.5h", 5400), ("0s", 0)])
    func durationsAreRead(_ text: String, _ seconds: Double) {
        #expect(Duration(settingText: text)?.seconds == seconds)
    }

    @Test(arguments: ["", "s", "10", "-1s", "1e400s", "nan", "nans", "10 d", "99999999h"])
    func otherTextsAreNoDurations(_ text: String) {
        #expect(Duration(settingText: text) == nil)
    }
}
