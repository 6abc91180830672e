/// What the code of a thread can still come to from where it stands, read from its instructions: whether it could let others go on that
/// wait, and whether its own wait lies in a loop.
public struct CodeAhead: Codable, Sendable, Hashable {
    /// For a thread that goes on: functions it can come to that let other threads go on, signal them, start new ones or end the process;
    /// an empty complete list shows that there are none.
    public var releases: Observed<[String]>?
    /// For a thread that waits: whether, let go on, it would come round to the same wait, as a worker does in the loop that takes its work.
    public var comesBack: Bool?
    /// For a thread that waits: functions by which the program, from its beginning on, may let waiting threads go on.
    public var releasers: [String]?

    public init(releases: Observed<[String]>? = nil, comesBack: Bool? = nil, releasers: [String]? = nil) {
        self.releases = releases
        self.comesBack = comesBack
        self.releasers = releasers
    }
}
