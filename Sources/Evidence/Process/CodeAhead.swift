/// What the code of a thread can still come to from where it stands, read from its instructions: whether it could let others go on that
/// wait, and whether its own wait lies in a loop.
public struct CodeAhead: Codable, Sendable, Hashable {
    /// For a thread that goes on: functions it can come to that let other threads go on, signal them, start new ones or end the process;
    /// an empty complete list shows that there are none.
    public var releases: Observed<[String]>?
    /// For a thread that runs: whether it goes round in a loop that only reads memory, and no code that another thread can still come to refers to that;
    /// false where such code does, nil where the loop may do more, or that could not be told.
    public var spins: Bool?
    /// For a thread that waits: whether, let go on, it would come round to the same wait, as a worker does in the loop that takes its work.
    public var comesBack: Bool?
    /// For a thread that waits in a loop: whether it has come past another wait in each of its rounds before it comes to this one, so that it
    /// has begun what a round is for.
    public var isMidRound: Bool?
    /// For a thread that waits: functions by which the program, from its beginning on, may let waiting threads go on.
    public var releasers: [String]?

    public init(releases: Observed<[String]>? = nil, spins: Bool? = nil, comesBack: Bool? = nil, isMidRound: Bool? = nil, releasers: [String]? = nil) {
        self.releases = releases
        self.spins = spins
        self.comesBack = comesBack
        self.isMidRound = isMidRound
        self.releasers = releasers
    }
}
