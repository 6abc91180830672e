/// A loop of an interpreted program on a thread that runs: over some quick looks none of the values that it can see changed.
public struct ManagedLoop: Codable, Sendable, Hashable {
    /// The function that goes round, or the call that does not return.
    public var frame: Frame
    /// Equal at two looks where the same loop runs on the same values.
    public var digest: String
    /// What is known of the work besides, such as "matches a regular expression against a text of 31 characters".
    public var detail: String?

    /// Whether it moves on from one instruction to the next, rather than being in one long call.
    public var moves: Bool?
    /// For one that was seen to come round: equal at two looks where all that it can come to held the same; nil where not all of it is seen.
    public var whole: String?
    /// Whether no other thread that goes on can come to what it looks at.
    public var isUnshared: Bool?

    public init(frame: Frame, digest: String, detail: String? = nil) {
        self.frame = frame
        self.digest = digest
        self.detail = detail
    }
}
