package import Evidence

/// What a cause means, in words worth reading; `hangscope causes NAME` shows it.
package struct CausePage: Sendable, Hashable {
    package var title: String
    package var meaning: String
    /// The evidence that shows it.
    package var supports: String
    /// What rules it out.
    package var refutes: String
    /// What to change, with the concrete settings.
    package var remedy: String
    /// Name of the scenario that shows it, where one is shipped.
    package var scenario: String?
}

/// The page of every cause.
package enum Catalogue {
    package static func page(for cause: Cause) -> CausePage {
        switch cause {
        case .peerSilent: peerSilent
        case .peerStalled: peerStalled
        case .peerDripping: peerDripping
        case .halfOpen: halfOpen
        case .connectBlackholed: connectBlackholed
        case .notAccepting: notAccepting
        case .nameResolution: nameResolution
        case .backpressure: backpressure
        case .mutualBackpressure: mutualBackpressure
        case .connectionClosedEarly: connectionClosedEarly
        case .databaseLocked: databaseLocked
        case .databaseSelfLocked: databaseSelfLocked
        case .fileLocked: fileLocked
        case .poolExhausted: poolExhausted
        case .descriptorsExhausted: descriptorsExhausted
        case .pipeFull: pipeFull
        case .pipeNeverClosed: pipeNeverClosed
        case .noOtherEnd: noOtherEnd
        case .diskWait: diskWait
        case .lockCycle: lockCycle
        case .lockAbandoned: lockAbandoned
        case .lockHolderBlocked: lockHolderBlocked
        case .conditionNeverSignalled: conditionNeverSignalled
        case .semaphoreNeverSignalled: semaphoreNeverSignalled
        case .barrierIncomplete: barrierIncomplete
        case .timerTooFar: timerTooFar
        case .busyLoop: busyLoop
        case .stopped: stopped
        case .childNeverExits: childNeverExits
        case .threadPoolExhausted: threadPoolExhausted
        case .cooperativePoolStarved: cooperativePoolStarved
        case .eventLoopBlocked: eventLoopBlocked
        case .eventLoopShutDown: eventLoopShutDown
        case .eventLoopLeaked: eventLoopLeaked
        case .continuationNeverResumed: continuationNeverResumed
        case .taskCycle: taskCycle
        case .actorBlocked: actorBlocked
        case .childTaskNeverEnds: childTaskNeverEnds
        case .streamNeverFinished: streamNeverFinished
        case .cancellationIgnored: cancellationIgnored
        case .progressSimulated: progressSimulated
        case .workOutlivesTimeout: workOutlivesTimeout
        case .timeoutOrder: timeoutOrder
        case .deadlineMissing: deadlineMissing
        case .failureSwallowed: failureSwallowed
        case .pollerBlind: pollerBlind
        case .serviceDisabled: serviceDisabled
        case .retriesExhausted: retriesExhausted
        case .retryStorm: retryStorm
        case .runsPileUp: runsPileUp
        case .stuckJobUndetected: stuckJobUndetected
        case .healthBlind: healthBlind
        case .wrongProvenance: wrongProvenance
        case .workUntraced: workUntraced
        }
    }
}
