/// The stable names of causes: they stand in scenario files, JSON, reports and CI.
///
/// A name never changes its meaning. What each means, and what shows or refutes it, is
/// in Diagnosis' catalogue.
public enum Cause: String, Codable, Sendable, Hashable, CaseIterable {
    // Network
    case peerSilent = "peer-silent"
    case peerStalled = "peer-stalled"
    case peerDripping = "peer-dripping"
    case halfOpen = "half-open"
    case connectBlackholed = "connect-blackholed"
    case notAccepting = "not-accepting"
    case nameResolution = "name-resolution"
    case backpressure
    case mutualBackpressure = "mutual-backpressure"
    case connectionClosedEarly = "connection-closed-early"

    // Storage and descriptors
    case databaseLocked = "database-locked"
    case databaseSelfLocked = "database-self-locked"
    case fileLocked = "file-locked"
    case poolExhausted = "pool-exhausted"
    case descriptorsExhausted = "descriptors-exhausted"
    case pipeFull = "pipe-full"
    case pipeNeverClosed = "pipe-never-closed"
    case noOtherEnd = "no-other-end"
    case diskWait = "disk-wait"

    // Threads and processes
    case lockCycle = "lock-cycle"
    case lockAbandoned = "lock-abandoned"
    case lockHolderBlocked = "lock-holder-blocked"
    case conditionNeverSignalled = "condition-never-signalled"
    case semaphoreNeverSignalled = "semaphore-never-signalled"
    case barrierIncomplete = "barrier-incomplete"
    case timerTooFar = "timer-too-far"
    case busyLoop = "busy-loop"
    case stopped
    case childNeverExits = "child-never-exits"
    case threadPoolExhausted = "thread-pool-exhausted"

    // Swift concurrency and NIO
    case cooperativePoolStarved = "cooperative-pool-starved"
    case eventLoopBlocked = "event-loop-blocked"
    case eventLoopShutDown = "event-loop-shut-down"
    case eventLoopLeaked = "event-loop-leaked"
    case continuationNeverResumed = "continuation-never-resumed"
    case taskCycle = "task-cycle"
    case actorBlocked = "actor-blocked"
    case childTaskNeverEnds = "child-task-never-ends"
    case streamNeverFinished = "stream-never-finished"
    case cancellationIgnored = "cancellation-ignored"

    // Jobs
    case progressSimulated = "progress-simulated"
    case workOutlivesTimeout = "work-outlives-timeout"
    case timeoutOrder = "timeout-order"
    case deadlineMissing = "deadline-missing"
    case failureSwallowed = "failure-swallowed"
    case pollerBlind = "poller-blind"
    case serviceDisabled = "service-disabled"
    case retriesExhausted = "retries-exhausted"
    case retryStorm = "retry-storm"
    case runsPileUp = "runs-pile-up"
    case stuckJobUndetected = "stuck-job-undetected"
    case healthBlind = "health-blind"
    case wrongProvenance = "wrong-provenance"
    case workUntraced = "work-untraced"
}
