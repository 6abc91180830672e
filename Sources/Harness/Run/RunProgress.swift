/// Where a run stands, for people who wait for it.
package struct RunProgress: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable {
        case starting, running, standing, capturing, ending
    }
    package var variant: String
    package var phase: Phase
    /// Seconds of scenario time; 0 until the subject is ready.
    package var scenario_s: Double
    /// What it does or waits for, in words, such as "await /jobs/1/status: PROCESSING 85".
    package var detail: String
}
