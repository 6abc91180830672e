import Evidence
import WaitGraph

/// What to change, with the setting of the language and libraries that the waiting process has loaded.
enum Remedy {
    /// nil where the catalogue's own says as much.
    static func text(_ cause: Cause, _ standstill: Standstill, _ index: SnapshotIndex) -> String? {
        guard let waiter = standstill.path.last?.from, let pid = UnitSurvey.process(of: waiter) ?? UnitSurvey.process(of: standstill.start),
            let language = Language.of(pid, index)
        else { return nil }
        let usesCurl = Language.uses("libcurl", pid, index)
        switch cause {
        case .peerSilent:
            return "Give every request a read timeout and a deadline of its own, and let the caller fail when they run out: \(reading(language, usesCurl)). A timeout in a retry decorator does nothing for a call that never returns."
        case .peerStalled:
            return "Use a timeout between bytes, not only one for the first byte, and put a deadline around the whole answer whose expiry closes the connection: \(reading(language, usesCurl))."
        case .peerDripping:
            return "A read timeout cannot catch this, since it begins anew with every byte: set a deadline for the whole request\(deadline(language, usesCurl))."
        case .connectBlackholed:
            return "Set a connect timeout of a few seconds\(connecting(language, usesCurl)), check address, route and firewall, and prefer rules that reject over rules that drop."
        case .backpressure:
            return "Attach to the reader. On this side, bound writes: `SO_SNDTIMEO` or `TCP_USER_TIMEOUT` on the socket" + (language == .swift ? ", and honour writability (NIO `channel.isWritable`) instead of queueing without limit." : language == .node ? ", and heed what `write` returns (`drain`) instead of queueing without limit." : ".")
        case .databaseLocked:
            return "End the holder's transaction: keep transactions short and never hold one across a network call. Bound the wait and let its failure be seen: \(busy(language)), and handle `SQLITE_BUSY`. `PRAGMA journal_mode=WAL` lets readers go on while one writes."
        case .databaseSelfLocked:
            return "Write through one connection only\(language == .swift ? " (GRDB: one `DatabaseQueue` or `DatabasePool` for all)" : ""), end its transaction before another connection writes, and do not open a second one inside a transaction."
        case .pipeFull: return "Read the output while its writer runs\(draining(language)); drain stdout and stderr concurrently; or send output to a file."
        case .childNeverExits: return "Wait with a limit (\(waiting(language))), end children by process group, and make sure that the child handles the signal that should end it."
        case .lockAbandoned: return releasing(language)
        case .conditionNeverSignalled, .barrierIncomplete: return managed(waiter, language, index)
        case .semaphoreNeverSignalled:
            return "Release it on every path, failure included\(scope(language)); do not block a thread on work that needs the same thread or queue; bound the wait."
        case .poolExhausted: return "Give members back on every path\(scope(language)), never ask for a second one while holding the first, and bound the wait for one."
        default: return nil
        }
    }

    private static func reading(_ language: Language, _ usesCurl: Bool) -> String {
        switch language {
        case .python: "`requests.get(..., timeout=(connect, read))`, `urlopen(..., timeout=)`, `asyncio.timeout`, or `settimeout` on a plain socket"
        case .java: "`HttpRequest.Builder.timeout`, `URLConnection.setReadTimeout`, or `Socket.setSoTimeout`"
        case .node: "`AbortSignal.timeout` for `fetch`, `timeout` in the options of `http.request` with `req.destroy()` when it fires, or `socket.setTimeout`"
        case .swift:
            "AsyncHTTPClient `HTTPClient.Configuration.timeout.read` (nil by default in `HTTPClient.Configuration()`) and `execute(_:timeout:)`, `URLRequest.timeoutInterval`, or an `IdleStateHandler` in NIO's pipeline"
        case _ where usesCurl: "libcurl `CURLOPT_LOW_SPEED_TIME` with `CURLOPT_LOW_SPEED_LIMIT`, and `CURLOPT_TIMEOUT`; of curl itself `--speed-time` and `--max-time`"
        case .rust: "`TcpStream::set_read_timeout`, `reqwest::ClientBuilder::timeout`, or `tokio::time::timeout` around the call"
        case .perl: "`timeout` of LWP::UserAgent or HTTP::Tiny, or `alarm` around the call"
        case .shell: "`timeout 60 COMMAND`, or the command's own option"
        case .native: "`SO_RCVTIMEO` on the socket, or poll(2) with what is left of the deadline before every read"
        }
    }

    private static func deadline(_ language: Language, _ usesCurl: Bool) -> String {
        switch language {
        case .python: ": check the time after each piece that you read, or run the request under `asyncio.timeout`"
        case .java: ": `CompletableFuture.orTimeout` around `sendAsync`"
        case .node: ": `AbortSignal.timeout`"
        case .swift: " (AsyncHTTPClient `execute(_:deadline:)`)"
        case _ where usesCurl: " (libcurl `CURLOPT_TIMEOUT`) or a lowest rate (`CURLOPT_LOW_SPEED_LIMIT` with `CURLOPT_LOW_SPEED_TIME`)"
        default: ", and check it after each piece that you read"
        }
    }

    private static func connecting(_ language: Language, _ usesCurl: Bool) -> String {
        switch language {
        case .python: " (`requests`: the first element of `timeout=`; `socket.create_connection(..., timeout=)`)"
        case .java: " (`HttpClient.Builder.connectTimeout`, `Socket.connect(address, timeout)`)"
        case .swift: " (AsyncHTTPClient `timeout.connect`, NIO `ClientBootstrap.connectTimeout`)"
        case .rust: " (`TcpStream::connect_timeout`)"
        case _ where usesCurl: " (libcurl `CURLOPT_CONNECTTIMEOUT`)"
        case .native: " (a non-blocking connect, and poll(2) with a limit)"
        default: ""
        }
    }

    private static func busy(_ language: Language) -> String {
        switch language {
        case .swift: "GRDB `Configuration.busyMode = .timeout(2)`, or `PRAGMA busy_timeout`"
        case .python: "`sqlite3.connect(..., timeout=)`"
        case .native: "`sqlite3_busy_timeout`"
        case .shell: "`.timeout 2000` in the sqlite3 shell"
        default: "`PRAGMA busy_timeout`"
        }
    }

    private static func draining(_ language: Language) -> String {
        switch language {
        case .python: ": `subprocess.communicate()` instead of `wait()` with `stdout=PIPE`"
        case .java: ", before `waitFor`; or `ProcessBuilder.redirectOutput`"
        case .swift: ": `readDataToEndOfFile()` before `waitUntilExit()`"
        case .rust: ": `wait_with_output` instead of `wait`"
        case .native: ": to its end, before waitpid(2)"
        default: ""
        }
    }

    private static func waiting(_ language: Language) -> String {
        switch language {
        case .python: "`subprocess.run(timeout=)`"
        case .java: "`Process.waitFor(timeout, unit)`"
        case .node: "`timeout` in the options of `child_process`"
        case .shell: "`timeout 60 COMMAND`"
        default: "a timer, and kill(2) when it fires"
        }
    }

    private static func releasing(_ language: Language) -> String {
        switch language {
        case .python: "Take it by `with lock:` only; where a function that has it calls another that takes it, use `threading.RLock`, or split off a part that expects the lock to be held."
        case .java: "Unlock in `finally`; a read lock cannot be upgraded: release it before the write lock is taken."
        case .rust: "End the guard's life before calling what locks again (`drop(guard)`, a block of its own; a guard made in the head of a `match`, `if let` or `for` lives to its end), or hand the guard's contents on."
        case .swift: "Unlock on every path (`withLock`, `defer`), and do not call from within what takes the same lock again."
        default:
            "Unlock on every path (RAII in C++), and do not call from within what takes the same lock again; use robust mutexes (`PTHREAD_MUTEX_ROBUST`) across processes; an error-checking mutex reports a second lock by the same thread instead of hanging."
        }
    }

    private static func scope(_ language: Language) -> String {
        switch language {
        case .python: " (`with`)"
        case .java: " (`finally`, try-with-resources)"
        case .node: " (`finally`)"
        case .swift: " (`defer`)"
        case .rust: " (a guard that does it when dropped)"
        default: ""
        }
    }
}
