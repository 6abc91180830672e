import Reporting
import Testing

@Suite struct SampleTests {
    @Test func textSaysTheVerdictFirst() throws {
        let text = TextRenderer(style: TextStyle(width: 100)).text(SampleReport.twoRuns)
        #expect(text.hasPrefix("Hang: Job 1 waits"))
    }
}
