/// What functions of Swift's own libraries do for others who wait, by their names: what is not known to do nothing may do anything.
enum SwiftReleasing {
    enum Effect: Hashable { case nothing, release, unknown }

    static func isLibrary(_ path: String) -> Bool {
        let file = path.split(separator: "/").last ?? ""
        return ["libswift", "libFoundation", "lib_Foundation", "libdispatch", "libBlocksRuntime"].contains { file.hasPrefix($0) }
    }

    /// - Parameter path: of the library that has the function.
    static func effect(of name: String, in path: String) -> Effect {
        let file = path.split(separator: "/").last ?? ""
        // Metadata and what describes types is no code of theirs: accessors, witness tables, descriptors.
        if name.hasPrefix("$s"), ["N", "Ma", "Mn", "WP", "Mp", "Mc", "Tq"].contains(where: { name.hasSuffix($0) }) { return .nothing }
        if file.hasPrefix("libswift_Concurrency") { return resuming.contains { name.contains($0) } ? .release : .nothing }
        if isSignal(name) { return .release }
        if file.hasPrefix("libdispatch") || file.hasPrefix("libswiftDispatch") { return (clocks + queues).contains { name.hasPrefix($0) } ? .nothing : .unknown }
        if file.hasPrefix("libFoundation") || file.hasPrefix("lib_Foundation") { return foundation(name) }
        if file.hasPrefix("libswiftObservation") || file.hasPrefix("libswiftDistributed") { return .unknown }
        return .nothing
    }

    /// Parts of the names of what lets tasks go on in libswift_Concurrency: continuations, streams, cancellation, and jobs given to executors.
    private static let resuming = ["resume", "Resume", "yield", "finish", "cancel", "enqueue", "Enqueue", "runSynchronously", "runImmediately", "swift_job_run"]
    private static let clocks = ["dispatch_time", "dispatch_walltime", "$s8Dispatch0A4TimeV", "$s8Dispatch0A8WallTimeV", "$s8Dispatch0A12TimeIntervalO", "$s8Dispatch0A3QoSV", "$s8Dispatch0A5GroupC5enter", "$s8Dispatch0A5GroupCACycfc", "$s8Dispatch0A5GroupCfD"]
    /// What makes a queue, and `sync`: the block that it runs is the caller's own code, which is read as such, and those who wait for the queue wait for that.
    private static let queues = ["$s8Dispatch0A5QueueC4sync", "$s8Dispatch0A5QueueC5label", "$s8Dispatch0A5QueueC10Attributes", "$s8Dispatch0A5QueueC20AutoreleaseFrequency"]

    private static let values = [
        "4Date", "4Data", "4UUID", "3URL", "11ProcessInfo", "13DateFormatter", "20ISO8601DateFormatter", "15NumberFormatter", "8Calendar", "8TimeZone", "6Locale", "7Decimal",
        "14DateComponents", "12CharacterSet", "8NSString", "8NSNumber", "11FileManager", "11JSONEncoder", "11JSONDecoder", "7CVarArg", "8NSObjectC",
    ]
    private static let threads = ["5sleep", "10isFinished", "11isExecuting", "11isCancelled", "7current", "12isMainThread", "4name"]
    /// Who reads at the other end waits for a descriptor, and not for a continuation.
    private static let notifying = ["BackgroundAndNotify", "bilityHandler", "waitForData"]
    /// And what makes one and ends it.
    private static let locks = ["4lock", "3try", "6unlock", "5before", "4name", "CACycf", "Cfd", "CfD"]

    static func isSignal(_ name: String) -> Bool { signals.contains { name.contains($0) } }
    private static let signals = ["11NSConditionC6signal", "11NSConditionC9broadcast", "$s8Dispatch0A9SemaphoreC6signal", "$s8Dispatch0A5GroupC5leave"]

    private static func foundation(_ name: String) -> Effect {
        if name.contains("11NSConditionC") { return isSignal(name) ? .release : (locks + ["4wait"]).contains { name.contains($0) } ? .nothing : .unknown }
        for module in ["$s10Foundation", "$s20FoundationEssentials"] where name.hasPrefix(module) {
            let rest = name.dropFirst(module.count)
            if rest.hasPrefix("6ThreadC") { return threads.contains { rest.dropFirst(8).hasPrefix($0) } ? .nothing : .unknown }
            if rest.hasPrefix("6NSLockC") || rest.hasPrefix("15NSRecursiveLockC") { return locks.contains { rest.contains($0) } ? .nothing : .unknown }
            if rest.hasPrefix("10FileHandleC") { return notifying.contains { rest.contains($0) } ? .unknown : .nothing }
            return values.contains { rest.hasPrefix($0) } ? .nothing : .unknown
        }
        // Extensions of the standard library's types: formatting, and bridging.
        return ["$sSS", "$sSd", "$sSi", "$sSa", "$ss", "$sSy", "$sSt"].contains { name.hasPrefix($0) } ? .nothing : .unknown
    }
}
