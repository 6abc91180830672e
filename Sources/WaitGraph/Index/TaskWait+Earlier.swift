import Evidence

extension TaskWait {
    /// A wait that is still the same, with what was found out about it at an earlier look and not at this one: memory that changes while it is read
    /// can hide which connection and which event loop a wait belongs to.
    func completed(from earlier: TaskWait?) -> TaskWait {
        guard let earlier, earlier.kind == kind, address != nil, earlier.address == address, eventLoopTID == nil, descriptor == nil, isEventLoopShutDown == nil
        else { return self }
        var wait = self
        wait.eventLoopTID = earlier.eventLoopTID
        wait.descriptor = earlier.descriptor
        wait.awaitsClose = earlier.awaitsClose
        wait.answersTo = earlier.answersTo
        wait.answerMissing_bytes = earlier.answerMissing_bytes
        wait.watcherTID = earlier.watcherTID
        wait.isInputDecoded = earlier.isInputDecoded
        return wait
    }
}
