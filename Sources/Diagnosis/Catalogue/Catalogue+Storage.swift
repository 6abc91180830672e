/// The pages of the causes of the family "Storage".
extension Catalogue {
    static let databaseLocked = CausePage(
        title: "The database is locked by another process",
        meaning: """
            Another process holds a lock that writes need, and does not let go of it. Waits hide in a busy \
            handler that sleeps and tries again, so threads look asleep rather than blocked.
            """,
        supports: """
            /proc/locks shows a SQLite lock (RESERVED, PENDING, EXCLUSIVE, or the WAL writer lock) held by \
            another process on a file this process has open, in every look; and this process is in the busy \
            handler, or its writes fail or cease.
            """,
        refutes: """
            The lock changes hands between looks; nothing in this process writes; the holder is this process \
            itself.
            """,
        remedy: """
            End the holder's transaction: keep transactions short and never hold one across a network call. \
            Bound the wait and let its failure be seen: GRDB `Configuration.busyMode = .timeout(2)`, `PRAGMA \
            busy_timeout`, and handle `SQLITE_BUSY`. `PRAGMA journal_mode=WAL` lets readers go on while one \
            writes.
            """,
        scenario: "locked-database")

    static let databaseSelfLocked = CausePage(
        title: "The database is locked by another connection of the same process",
        meaning: """
            One connection of this process holds the write lock, and another waits for it; often the first \
            belongs to the very work that waits for the second.
            """,
        supports: """
            The lock's holder is this process, and one of its threads is in the busy handler for the same \
            file.
            """,
        refutes: """
            The holder is another process.
            """,
        remedy: """
            Use one writer for all (GRDB `DatabaseQueue` or `DatabasePool`) instead of opening a connection \
            for every update, and do not open a second connection inside a transaction.
            """,
        scenario: nil)

    static let fileLocked = CausePage(
        title: "A file lock is held by another",
        meaning: """
            flock or fcntl waits for a lock on a file that somebody else holds and does not release. It is \
            released when its holder closes the file or exits.
            """,
        supports: """
            A thread in flock or fcntl(F_SETLKW), and a holder in /proc/locks, the same in every look.
            """,
        refutes: """
            The holder changes; the holder waits for something else, which is then the root.
            """,
        remedy: """
            Look at the holder; use `LOCK_NB` or `F_SETLK` with a bounded number of attempts; take locks in \
            one order; do not let children inherit the descriptor (`O_CLOEXEC`), since an flock lives as long \
            as any copy of it.
            """,
        scenario: nil)

    static let poolExhausted = CausePage(
        title: "No member of a pool is free",
        meaning: """
            Connections, sessions or other pooled things are all lent out and none comes back: they leaked, or \
            those who hold them wait for another one.
            """,
        supports: """
            Threads or tasks wait inside a pool's acquire function, and nobody who runs holds a member.
            """,
        refutes: """
            Members are given back between two looks.
            """,
        remedy: """
            Give members back on every path (`defer`, closures such as GRDB's `pool.read {}`), never ask for a \
            second one while holding the first, and bound the wait for one.
            """,
        scenario: nil)

    static let descriptorsExhausted = CausePage(
        title: "No file descriptor is left",
        meaning: """
            The process has reached its limit of open descriptors. accept, open, socket and pipe fail with \
            EMFILE; servers often spin or go silent, because accepting fails again and again.
            """,
        supports: """
            The number of open descriptors equals the soft limit, in both looks.
            """,
        refutes: """
            The count is below the limit.
            """,
        remedy: """
            Find what leaks by kind and target (the descriptors table shows it); close on every path; raise \
            `ulimit -n` only if the load truly needs it.
            """,
        scenario: nil)

    static let pipeFull = CausePage(
        title: "A pipe is full and its reader waits for its writer",
        meaning: """
            A pipe holds 64 KiB. The writer blocks because nobody reads; the reader does not read because it \
            waits for the writer to exit.
            """,
        supports: """
            A write that blocks on a pipe, and a reader that is in wait4, or anywhere but in a read of that \
            pipe.
            """,
        refutes: """
            The reader reads between two looks.
            """,
        remedy: """
            Read the child's output while it runs: Python `subprocess.communicate()` instead of `wait()` with \
            `stdout=PIPE`; drain stdout and stderr concurrently; or send output to a file.
            """,
        scenario: nil)

    static let pipeNeverClosed = CausePage(
        title: "The end of a pipe never comes",
        meaning: """
            A reader waits for end-of-file, which comes only when every copy of the write end is closed. \
            Another process still holds one: a background child that inherited it, or the reader or its \
            parent, who forgot to close theirs.
            """,
        supports: """
            A thread that reads a pipe, the processes that hold its write end, and that none of them will \
            write: they sleep, wait for the reader, or never knew that they had it.
            """,
        refutes: """
            A writer is busy or waits for something of its own, which is then the root.
            """,
        remedy: """
            Close unused ends after fork; open pipes with `O_CLOEXEC`; close a child's stdin before waiting \
            for it; redirect the output of background processes (`>/dev/null 2>&1`) before they detach.
            """,
        scenario: nil)

    static let noOtherEnd = CausePage(
        title: "Nobody opens the other end",
        meaning: """
            Opening a FIFO blocks until somebody opens it in the other direction; nobody does. The same with a \
            queue whose only other user has exited.
            """,
        supports: """
            A thread in open whose wait channel is wait_for_partner; or a wait on a queue that no living process \
            else has used.
            """,
        refutes: """
            The FIFO has both ends open.
            """,
        remedy: """
            Start the other side first, or open with `O_NONBLOCK` (reading) or `O_RDWR`, and bound the wait.
            """,
        scenario: nil)

    static let diskWait = CausePage(
        title: "A device or file system does not answer",
        meaning: """
            A thread waits in the kernel for a disk, a network file system or a FUSE server that does not \
            answer: state D for disks and NFS, from which often not even SIGKILL frees it, and an \
            ordinary-looking sleep for FUSE.
            """,
        supports: """
            State D, or a sleep in the kernel function that waits for FUSE or RPC answers \
            (`request_wait_answer`, `rpc_wait_bit_killable`), in the same place in every look, with the system \
            call and the file.
            """,
        refutes: """
            The thread moved between looks: the device is slow, not silent.
            """,
        remedy: """
            Look at the kernel log and at the mount of the file that is named (`findmnt -T FILE`). FUSE: end or \
            restart its server (`ls -l /proc/*/fd 2>/dev/null | grep /dev/fuse` shows who it is); `umount -f`, \
            or writing to /sys/fs/fuse/connections/*/abort, frees all who wait. NFS: `soft` with a bounded \
            `timeo` and `retrans` where lost writes are acceptable. Keep such files off event loops.
            """,
        scenario: nil)
}
