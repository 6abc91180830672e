/// Functions of libraries by which a thread lets others of its process go on.
enum Releasing {
    /// POSIX threads and semaphores, C11 threads, libstdc++'s condition variables and atomic waits, signals, new threads, jumps out of the
    /// code that is seen, and the end of the process. `syscall` may be any of them: it is futex(2) in Rust and in libstdc++'s headers.
    private static let names: Set<String> = [
        "pthread_cond_signal", "pthread_cond_broadcast", "pthread_barrier_wait", "pthread_barrier_destroy", "sem_post", "cnd_signal", "cnd_broadcast",
        "_ZNSt18condition_variable10notify_oneEv", "_ZNSt18condition_variable10notify_allEv", "_ZNSt28__atomic_futex_unsigned_base19_M_futex_notify_allEPj",
        "pthread_kill", "pthread_cancel", "pthread_sigqueue", "kill", "killpg", "raise", "tgkill", "sigqueue", "timer_create", "setitimer", "alarm",
        "pthread_create", "thrd_create", "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE", "clone", "semop", "semctl", "syscall",
        "dlopen", "dlsym", "longjmp", "siglongjmp", "_longjmp", "setcontext", "swapcontext", "exit", "_exit", "_Exit", "quick_exit", "execve", "execv", "execvp",
        "__cxa_guard_release", "__cxa_guard_abort", "pthread_once", "g_cond_signal", "g_cond_broadcast",
    ]
    /// These let only those go on who wait for the lock itself.
    private static let unlocks: Set<String> = ["pthread_mutex_unlock", "pthread_rwlock_unlock", "mtx_unlock"]
    /// What a program uses that means some of its threads to wait for others of them.
    private static let signals: Set<String> = [
        "pthread_cond_signal", "pthread_cond_broadcast", "pthread_barrier_wait", "sem_post", "cnd_signal", "cnd_broadcast", "syscall",
        "_ZNSt18condition_variable10notify_oneEv", "_ZNSt18condition_variable10notify_allEv", "_ZNSt28__atomic_futex_unsigned_base19_M_futex_notify_allEPj",
    ]

    static func isRelease(_ name: String) -> Bool { names.contains(name) || unlocks.contains(name) }
    static func isSignal(_ name: String) -> Bool { signals.contains(name) }

    /// By which a thread waits, without a limit, until another lets it go on. A lock is not among them: that is let go of by itself.
    private static let waits: Set<String> = [
        "pthread_cond_wait", "sem_wait", "pthread_barrier_wait", "cnd_wait", "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE",
        "_ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_untilEPjjbNSt6chrono8durationIlSt5ratioILl1ELl1EEEENS2_IlS3_ILl1ELl1000000000EEEE", "msgrcv", "mq_receive",
    ]

    static func isWait(_ name: String) -> Bool { waits.contains(name) }

    /// library/std/src/sync, and what of it is not compiled into its caller.
    static func isWaitOfRust(_ symbol: String) -> Bool {
        RustName.plain(symbol).map { name in ["::recv", "Condvar::wait", "Barrier::wait", "std::thread::park", "std::thread::current::park"].contains { name.contains($0) && !name.contains("timeout") } } ?? false
    }

    private static let ends: Set<String> = [
        "abort", "exit", "_exit", "__stack_chk_fail", "__assert_fail", "_Unwind_Resume", "__cxa_throw", "__cxa_rethrow", "__cxa_throw_bad_array_new_length", "pthread_exit", "_ZSt9terminatev",
    ]

    static func isPause(_ name: String) -> Bool { ["sched_yield", "pthread_yield", "sleep", "usleep", "nanosleep", "clock_nanosleep", "thrd_sleep", "__errno_location"].contains(name) }

    /// libstdc++ (bits/this_thread_sleep.h), compiled into the program.
    static func isPauseOfLanguage(_ symbol: String) -> Bool { symbol.hasPrefix("_ZNSt11this_thread9sleep_for") || symbol.hasPrefix("_ZNSt11this_thread11sleep_until") }

    /// What programs report and pause by: writes nothing that the program itself looks at, but for its own buffers.
    private static let output: Set<String> = [
        "printf", "fprintf", "dprintf", "vprintf", "vfprintf", "__printf_chk", "__fprintf_chk", "__dprintf_chk", "__vfprintf_chk", "puts", "putchar", "putc", "fputs", "fputc",
        "fwrite", "fflush", "write", "perror", "syslog", "__syslog_chk", "snprintf", "__snprintf_chk", "sprintf", "__sprintf_chk", "stdout", "stderr", "strlen", "strcmp", "strerror",
        "sleep", "usleep", "nanosleep", "clock_nanosleep", "thrd_sleep", "sched_yield", "time", "clock", "clock_gettime", "gettimeofday", "localtime", "localtime_r", "gmtime", "gmtime_r", "strftime", "ctime",
        "pthread_mutex_lock", "pthread_mutex_unlock", "pthread_self", "pthread_testcancel", "getpid", "gettid", "__errno_location", "__stack_chk_fail", "abs", "labs", "abort", "_exit", "_Exit",
        "_ZSt4cout", "_ZSt4cerr", "_ZSt4clog",
    ]

    /// Writes to a descriptor or closes one, sends a signal, starts or ends a process: what another process may wait for.
    private static let feeds: Set<String> = [
        "write", "writev", "pwrite", "pwrite64", "pwritev", "dprintf", "__dprintf_chk", "vdprintf", "send", "sendto", "sendmsg", "sendmmsg", "sendfile", "sendfile64", "splice", "tee", "vmsplice",
        "close", "close_range", "closefrom", "shutdown", "fclose", "fcloseall", "pclose", "dup2", "dup3", "kill", "killpg", "tgkill", "pthread_kill", "pthread_sigqueue", "sigqueue", "raise", "syscall",
        "fork", "vfork", "_Fork", "posix_spawn", "posix_spawnp", "system", "popen", "exit", "_exit", "_Exit", "quick_exit", "flock", "lockf", "fcntl", "fcntl64", "sem_post", "msgsnd", "mq_send", "semop", "unlink", "rename",
    ]

    /// Writes to a stream, which is a file or, where the program makes such, a pipe.
    private static let streams: Set<String> = ["fprintf", "vfprintf", "__fprintf_chk", "__vfprintf_chk", "fputs", "fputc", "putc", "fwrite", "fflush", "fputs_unlocked", "fwrite_unlocked", "fputc_unlocked", "putc_unlocked"]

    static func writesStreams(_ name: String) -> Bool { streams.contains(name) }
    static func isFeeding(_ name: String) -> Bool { feeds.contains(name) || name.hasPrefix("exec") }

    static func isOutput(_ name: String) -> Bool {
        // libstdc++'s streams.
        output.contains(name) || ["_ZNSo", "_ZStls", "_ZSt16__ostream_insert", "_ZSt4endl", "_ZSt5flush"].contains { name.hasPrefix($0) }
    }

    /// stdlib/public/core/AssertCommon.swift, ErrorType.swift.
    private static let failuresOfSwift = ["$ss17_assertionFailure", "$ss18_fatalErrorMessage", "swift_unexpectedError", "swift_errorInMain"]

    static func doesNotReturn(_ name: String) -> Bool {
        ends.contains(name) || failuresOfSwift.contains { name.hasPrefix($0) } || name.hasPrefix("_ZSt") && name.contains("__throw_") || RustName.plain(name).map { $0.hasPrefix("core::panicking::") || $0.contains("unwrap_failed") } ?? false
    }

    /// What a thread, and `main`, is begun by has the program's own function compiled into it (library/std/src/sys/backtrace.rs).
    static func isOfRust(_ symbol: String) -> Bool {
        if symbol.contains("__rust_begin_short_backtrace") { return false }
        return symbol == "__rust_try" || RustName.plain(symbol).map { name in ["std::", "core::", "alloc::", "<std::", "<core::", "<alloc::"].contains { name.hasPrefix($0) } } == true
    }

    /// library/std/src/sys/sync: wakes those who wait for the lock itself.
    static func isUnlockOfRust(_ symbol: String) -> Bool {
        RustName.plain(symbol).map { name in ["mutex::futex::Mutex::wake", "rwlock::futex::RwLock::wake"].contains { name.contains($0) } } ?? false
    }

    /// Libraries that release nothing of a program's but through those, and call back only what they are given.
    static func isLeaf(_ path: String) -> Bool {
        let file = path.split(separator: "/").last ?? ""
        return ["libc.so", "libc-", "libpthread", "ld-linux", "libm.so", "libstdc++", "libgcc_s", "librt.so", "[vdso]"].contains { file.hasPrefix($0) }
    }

    /// Functions of Rust's library that are compiled into the program, and into which none of the program's is: output, formatting, allocation, time, sleep, panics.
    static func isLeafOfRust(_ symbol: String) -> Bool {
        guard symbol.hasPrefix("_ZN") || symbol.hasPrefix("_R"), let name = RustName.plain(symbol) else { return ["__rust_", "__rdl_", "__rg_"].contains { symbol.hasPrefix($0) } }
        // library/std/src/sys/sync: waits for the lock.
        if ["futex::Mutex::lock_contended", "futex::RwLock::read_contended", "futex::RwLock::write_contended"].contains(where: { name.hasSuffix($0) }) { return true }
        return [
            "std::io::stdio::", "std::io::Write", "std::thread::sleep", "std::thread::functions::sleep", "std::time::", "std::panicking::", "core::panicking::", "core::fmt::", "alloc::fmt::", "<core::fmt", "core::result::unwrap_failed",
            "core::option::unwrap_failed", "core::option::expect_failed", "core::slice::index::", "core::str::", "core::num::", "alloc::raw_vec::", "alloc::alloc::", "std::sys::pal::unix::thread::Thread::sleep", "std::alloc::", "core::unicode::",
        ].contains { name.hasPrefix($0) }
    }
}

extension RustName {
    /// As `a::b::Type::method`, also where the mangling of RFC 2603 says `<a::b::Type>::method`.
    fileprivate static func plain(_ symbol: String) -> String? {
        demangled(symbol).map { $0.contains(" as ") ? $0 : $0.filter { $0 != "<" && $0 != ">" } }
    }
}
