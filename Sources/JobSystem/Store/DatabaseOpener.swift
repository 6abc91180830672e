internal import GRDB

/// Opens connections to the store's file, each with a busy timeout in real time.
struct DatabaseOpener: Sendable {
    /// How long the sessions of `session-contention` wait for a lock: longer than any job lives.
    static let sessionBusyTimeout = Duration.seconds(3600)

    /// No wait for a lock is shorter than this, in REAL time: the disk does not run faster with the
    /// clock, and one commit of this server's own must not look like a lock held by others.
    private static let shortestWait = Duration.milliseconds(250)

    var path: String
    var journal: Configuration.Journal
    var clockScale: Double

    /// With `keepsTransactions` a transaction may stay open from one access to the next.
    func open(
        label: String, busyTimeout: Duration, readOnly: Bool = false, keepsTransactions: Bool = false
    ) throws -> DatabaseQueue {
        var configuration = GRDB.Configuration()
        configuration.label = label
        configuration.readonly = readOnly
        configuration.allowsUnsafeTransactions = keepsTransactions
        configuration.busyMode = .timeout(max(Self.shortestWait.seconds, busyTimeout.seconds / clockScale))
        if journal == .wal { configuration.journalMode = .wal }
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}
