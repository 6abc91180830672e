package import Evidence

/// What the shape of a stack tells: which frames are the program's own, which are the
/// waiting primitive, and whether the thread stands where a runtime parks its idle workers.
package struct StackShape: Sendable {
    /// Function names, innermost first, at most 256.
    package let functions: [String]
    package let frames: [Frame]
    /// Native frames of a thread that runs an interpreter are the interpreter's.
    private var isInterpreted: Bool { frames.first.map(Self.isManaged) ?? false }

    package init(_ frames: [Frame]) {
        self.frames = Array(frames.prefix(256))
        functions = self.frames.map { $0.function ?? $0.symbol ?? "" }
    }

    /// The language's own frames, where there are any, above the native ones that run them.
    package init(_ thread: ThreadRecord) { self.init((thread.managedStack?.elements ?? []) + thread.stack.elements) }

    package func contains(anyOf needles: [String], within depth: Int = 256) -> Bool {
        functions.prefix(depth).contains { function in needles.contains { function.contains($0) } }
    }

    /// Whether an event loop runs below: SwiftNIO, libuv, libevent, libev. Outside its poll, such a thread is in the middle of something.
    package var runsEventLoop: Bool { contains(anyOf: ["SelectableEventLoop.run", "uv_run", "event_base_loop", "ev_run"]) }

    /// First function that contains one of the needles.
    package func first(of needles: [String]) -> String? {
        functions.first { function in needles.contains { function.contains($0) } }
    }

    /// Frames of the program itself: neither libc, the language's runtime nor its thread start.
    package var own: [Frame] {
        frames.filter { frame in
            guard let function = frame.function ?? frame.symbol, !function.isEmpty else { return false }
            if isInterpreted || Self.isManaged(frame) { return Self.isManaged(frame) && !Self.isManagedLibrary(frame) }
            return !Self.isRuntime(function: function, module: frame.module ?? "") && !Self.isRustLibrary(frame, function)
        }
    }

    /// Frames of the program that its main function, or the top level of its script, called: it is in the middle of something.
    package var inside: [Frame] {
        own.filter { frame in
            let name = frame.function ?? ""
            return name != "main" && name != "<module>" && !name.hasPrefix("main.") && !name.hasSuffix(".main") && !name.hasSuffix("::main") && !name.contains("_main") && !name.hasPrefix("static ") && !Self.isSwiftMain(name)
        }
    }

    /// Those of `main`: Swift has several.
    package var mains: [Frame] { own.filter { $0.function.map { $0 == "main" || Self.isSwiftMain($0) } == true } }

    /// `App.main()`, and the function that the attribute @main makes.
    private static func isSwiftMain(_ name: String) -> Bool { !name.contains(" ") && (name.hasSuffix(".main()") || name.hasSuffix(".$main()")) }

    /// Whether the thread carries out a task that somebody handed over as a closure: within the program's own loop a call
    /// through a type-erased function, and the program's own code in it. A worker without work waits in the loop itself.
    package var isInTask: Bool {
        let own = Set(own.map(\.programCounter))
        guard let innermost = frames.firstIndex(where: { own.contains($0.programCounter) }), let outermost = frames.lastIndex(where: { own.contains($0.programCounter) })
        else { return false }
        return functions[innermost...outermost].contains { function in Self.erasedCalls.contains { function.contains($0) } }
    }

    /// Whether it was called through such a function by one of the program's own, whatever is left of the task in between: all of it may be compiled into that function.
    package var awaitsWithinTask: Bool {
        let own = Set(own.map(\.programCounter))
        guard let outermost = frames.lastIndex(where: { own.contains($0.programCounter) }) else { return false }
        return functions[..<outermost].contains { function in Self.erasedCalls.contains { function.contains($0) } }
    }

    /// libstdc++ (std_function.h), libc++ (__functional/function.h), Rust (boxed closures).
    private static let erasedCalls = [
        "std::_Function_handler", "std::function::operator()", "std::__1::__function::__func", "FnOnce::call_once{{vtable.shim}}",
        "core::ops::function::FnOnce<Args>>::call_once",
    ]

    /// Waits for the one result of something, which is never where a worker waits for work (libstdc++, whose bits/atomic_futex.h is made for that; libc++).
    package var awaitsResult: Bool {
        contains(anyOf: ["std::__atomic_futex_unsigned", "std::__basic_future", "std::__future_base::_State_baseV2::wait", "std::__1::__assoc_sub_state", "std::__1::future"], within: 12)
    }

    /// What a thread was started with, by name: two that were started alike stand at different places of it. Threads of C++ and Rust begin in
    /// functions of their libraries that are made for each closure (`std::thread::_State_impl::_M_run`; `FnOnce::call_once`, under one name): C++'s for a plain function
    /// are one for all of its type (`PF` in the symbol), and the function itself comes next.
    static func start(of stack: [Frame]) -> [String] {
        let frames = stack.filter { !$0.isInlined }
        let name = { (frame: Frame) in frame.symbol ?? frame.function ?? String(frame.programCounter) }
        if let row = frames.suffix(8).lastIndex(where: { $0.symbol?.hasPrefix("_ZNSt6thread11_State_impl") == true }) {
            return frames[max(0, frames[row].symbol?.contains("PF") == true ? row - 1 : row)...].map(name)
        }
        if let row = frames.suffix(8).lastIndex(where: { $0.symbol.map { $0.contains("call_once") && $0.contains("FnOnce") } == true }) {
            return frames[row...].map(name)
        }
        return frames.suffix(3).map { $0.function ?? String($0.programCounter) }
    }

    /// Takes the result, so that it is not merely kept alive by one that never comes; what an inlined function is made for is not told.
    package var takesResult: Bool {
        functions.prefix(14).contains { ($0.hasPrefix("std::future") || $0.hasPrefix("std::shared_future")) && $0.contains("::get") && !$0.contains("<void>") }
    }

    /// Waits for what another thread of the program sends (Rust's channels).
    package var awaitsMessage: Bool { contains(anyOf: ["std::sync::mpmc::", "std::sync::mpsc::"], within: 12) }

    /// Rust's own library is compiled into the program; its files keep the names they had where it was built.
    private static func isRustLibrary(_ frame: Frame, _ function: String) -> Bool {
        if frame.file?.hasPrefix("/rustc/") == true { return true }
        return ["core::ops::", "core::iter::", "<core::", "<alloc::", "<std::"].contains { function.hasPrefix($0) }
    }

    /// The innermost frame of the program's own, as text: `LLMClient.complete` (LLMClient.swift:88); of a library's where there is no other.
    package var ownLabel: String? {
        let all = own
        // pip installs packages of others into site-packages, Debian into dist-packages.
        let program = all.filter { Self.library($0) == nil && $0.file?.contains("-packages/") != true && $0.function?.hasPrefix("thunk") != true }
        // Generic functions of libraries have no source file where the program uses them.
        return (program.first { $0.file != nil } ?? program.first ?? all.first).map(Self.label)
    }

    /// The library that called the innermost of the program's functions, and was itself called by one of them.
    package var libraryCalling: String? {
        let own = own
        guard let inner = own.firstIndex(where: { Self.library($0) == nil }), let outer = own.lastIndex(where: { Self.library($0) == nil }) else { return nil }
        guard inner == 0 || Self.library(own[0]) == nil else { return nil }
        return own[inner...outer].lazy.compactMap(Self.library).first
    }

    /// Whether a library called the program's function that it stands in, as servers call what answers their requests.
    package var isCalledByLibrary: Bool {
        let own = own
        guard let inner = own.first, inner.file != nil, Self.library(inner) == nil else { return false }
        return own.contains { Self.library($0) != nil }
    }

    /// The package that a frame's function comes from, where it is none of the program's own: SwiftPM keeps sources of dependencies in
    /// `.build/checkouts`, Cargo in `registry/src`.
    package static func library(_ frame: Frame) -> String? {
        for folder in ["/checkouts/", "/registry/src/"] {
            guard let file = frame.file, let range = file.firstRange(of: folder) else { continue }
            let rest = file[range.upperBound...].split(separator: "/")
            return (folder == "/checkouts/" ? rest.first : rest.dropFirst().first).map(String.init)
        }
        return nil
    }

    package static func label(_ frame: Frame) -> String {
        let name = "`\(frame.function ?? frame.symbol ?? "?")`"
        guard let file = frame.file else { return name }
        let base = file.split(separator: "/").last.map(String.init) ?? file
        return "\(name) (\(base)\(frame.line.map { ":\($0)" } ?? ""))"
    }

    /// A frame of an interpreter or virtual machine has no place in native code.
    static func isManaged(_ frame: Frame) -> Bool { frame.programCounter == 0 && frame.module == nil && frame.file != nil }

    /// The language's own library: Python's standard library and frozen modules, the packages of the Java platform.
    static func isManagedLibrary(_ frame: Frame) -> Bool {
        let file = frame.file ?? ""
        if file.hasPrefix("<frozen ") { return true }
        if file.contains("/lib/python3") { return !file.contains("/site-packages/") && !file.contains("/dist-packages/") }
        return ["java.", "javax.", "jdk.", "sun."].contains { frame.function?.hasPrefix($0) == true }
    }

    static let runtimeModules = [
        "/libc.so", "/libc-", "/libpthread", "/ld-linux", "/libm.so", "/libstdc++", "/libgcc", "/libdispatch",
        "/libswift", "/libBlocksRuntime", "/libFoundation", "/lib_Foundation", "/libjvm", "/libpython", "[vdso]",
        "jrt:/", "/libuv", "/libssl", "/libcrypto", "/libsqlite3", "/libcurl", "/libgnutls", "/libresolv", "/libnss",
    ]

    static func isRuntime(function: String, module: String) -> Bool {
        if runtimeModules.contains(where: { module.contains($0) }) { return true }
        if function.hasPrefix("__") || function == "_start" || function == "start_thread" { return true }
        // A program's own function may be called `read_body`: whole words of libc only.
        if libc.contains(String(function.prefix { $0 != "@" && $0 != "(" })) { return true }
        // Generic functions of Swift's library lie in the module that uses them.
        return ["withUnsafeContinuation(", "withUnsafeThrowingContinuation(", "withCheckedContinuation(", "withCheckedThrowingContinuation(",
            "withTaskCancellationHandler(", "withTaskGroup(", "withThrowingTaskGroup(", "swift_", "swift::", "_dispatch", "dispatch_", "completeTask", "std::", "_PyEval", "_PyObject", "PyObject_",
            "PyEval_", "PyRun_", "Py_", "pymain_", "sqlite3", "_PyFunction", "pthread_", "sem_"].contains { function.hasPrefix($0) }
    }

    private static let libc: Set<String> = [
        "clone", "clone3", "syscall", "epoll_wait", "epoll_pwait", "poll", "ppoll", "select", "pselect", "nanosleep",
        "clock_nanosleep", "read", "write", "recv", "recvfrom", "recvmsg", "send", "sendto", "sendmsg", "accept",
        "accept4", "connect", "wait4", "waitpid", "waitid", "wait", "sleep", "usleep", "fcntl", "fcntl64", "flock",
        "lockf", "open", "open64", "openat", "pause", "sigsuspend", "sigwait", "sigtimedwait", "fread", "fgets",
        "getline", "fgetc", "fwrite", "fflush", "puts", "printf", "main_loop", "futex", "semop", "semtimedop",
        "msgrcv", "msgsnd", "mq_receive", "cnd_wait", "mtx_lock", "thrd_join", "raise", "abort", "system", "popen", "pclose",
        "getaddrinfo", "gethostbyname", "futex_wait", "lll_lock_wait", "do_futex_wait", "vfork", "readv", "writev",
    ]
}
