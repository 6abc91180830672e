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
    private static let unlocks: Set<String> = ["pthread_mutex_unlock", "pthread_rwlock_unlock", "mtx_unlock", "pthread_mutex_destroy"]
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
        RustName.demangled(symbol).map { name in ["::recv", "Condvar::wait", "Barrier::wait", "std::thread::park", "std::thread::current::park"].contains { name.contains($0) && !name.contains("timeout") } } ?? false
    }

    private static let ends: Set<String> = [
        "abort", "exit", "_exit", "__stack_chk_fail", "__assert_fail", "_Unwind_Resume", "__cxa_throw", "__cxa_rethrow", "__cxa_throw_bad_array_new_length", "pthread_exit", "_ZSt9terminatev",
    ]

    static func doesNotReturn(_ name: String) -> Bool {
        ends.contains(name) || name.hasPrefix("_ZSt") && name.contains("__throw_") || RustName.demangled(name).map { $0.hasPrefix("core::panicking::") || $0.contains("unwrap_failed") } ?? false
    }

    static func isOfRust(_ symbol: String) -> Bool {
        symbol == "__rust_try" || RustName.demangled(symbol).map { name in ["std::", "core::", "alloc::", "<std::", "<core::", "<alloc::"].contains { name.hasPrefix($0) } } == true
    }

    /// library/std/src/sys/sync: wakes those who wait for the lock itself.
    static func isUnlockOfRust(_ symbol: String) -> Bool {
        RustName.demangled(symbol).map { name in ["mutex::futex::Mutex::wake", "rwlock::futex::RwLock::wake"].contains { name.contains($0) } } ?? false
    }

    /// Libraries that release nothing of a program's but through those, and call back only what they are given.
    static func isLeaf(_ path: String) -> Bool {
        let file = path.split(separator: "/").last ?? ""
        return ["libc.so", "libc-", "libpthread", "ld-linux", "libm.so", "libstdc++", "libgcc_s", "librt.so", "[vdso]"].contains { file.hasPrefix($0) }
    }

    /// Functions of Rust's library that are compiled into the program: output, formatting, allocation, time, sleep, panics.
    static func isLeafOfRust(_ symbol: String) -> Bool {
        guard symbol.hasPrefix("_ZN") || symbol.hasPrefix("_R"), let name = RustName.demangled(symbol) else { return ["__rust_", "__rdl_", "__rg_"].contains { symbol.hasPrefix($0) } }
        return [
            "std::io::stdio::", "std::io::Write", "std::thread::sleep", "std::thread::functions::sleep", "std::time::", "std::panicking::", "core::panicking::", "core::fmt::", "alloc::fmt::", "<core::fmt", "core::result::unwrap_failed",
            "core::option::", "core::slice::", "core::str::", "core::num::", "alloc::raw_vec::", "alloc::alloc::", "std::sys::pal::unix::thread::Thread::sleep", "std::alloc::", "core::unicode::",
        ].contains { name.hasPrefix($0) }
    }
}
