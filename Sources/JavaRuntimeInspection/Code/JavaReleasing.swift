internal import Evidence

/// Methods of the platform by which a thread lets others go on.
enum JavaReleasing {
    /// By kind of wait; what every kind may come from (new threads and tasks, interruptions, the end of the program) stands under "".
    private static let names: [String: Set<String>] = [
        "CountDownLatch": ["countDown"], "Semaphore": ["release"], "Phaser": ["arrive", "arriveAndAwaitAdvance", "arriveAndDeregister", "forceTermination"],
        "CyclicBarrier": ["await", "reset"], "Exchanger": ["exchange"], "Condition": ["signal", "signalAll"],
        "CompletableFuture": ["complete", "completeExceptionally", "cancel", "obtrudeValue", "obtrudeException", "orTimeout", "completeOnTimeout", "completeAsync"],
        "Future": ["cancel"], "ForkJoinTask": ["complete", "fork", "invoke"], "LockSupport": ["unpark"],
        "Object": ["notify", "notifyAll"],
    ]
    private static let queues: Set<String> = [
        "put", "offer", "add", "addAll", "addFirst", "addLast", "push", "putFirst", "putLast", "offerFirst", "offerLast", "transfer", "tryTransfer", "take", "poll", "takeFirst",
        "takeLast", "pollFirst", "pollLast", "remove", "removeFirst", "removeLast", "pop", "removeIf", "removeAll", "retainAll", "drainTo", "clear",
    ]
    private static let starts: Set<String> = [
        "start", "interrupt", "stop", "submit", "execute", "schedule", "scheduleAtFixedRate", "scheduleWithFixedDelay", "invokeAll", "invokeAny", "shutdown", "shutdownNow",
        "runAsync", "supplyAsync", "exit", "halt", "parallel", "parallelStream", "invoke", "invokeExact", "loadLibrary", "destroy", "destroyForcibly",
    ]

    /// Whether a method of the platform releases somebody; its class as the program's code names it.
    static func isRelease(_ target: JavaCalls.Target) -> Bool {
        let type = target.className
        if target.name.hasPrefix("unlock") { return true }
        if isSignal(target) { return true }
        guard starts.contains(target.name) else { return false }
        return type.hasPrefix("java.lang.") && type != "java.lang.String" || type.hasPrefix("java.util.concurrent.") || type.hasPrefix("java.util.") && type.contains("Timer") || type.contains(".reflect.")
            || target.name.hasPrefix("parallel")
    }

    /// Whether it ends a wait by what it is for, rather than as anything might.
    static func isSignal(_ target: JavaCalls.Target) -> Bool {
        if target.name == "notify" || target.name == "notifyAll" { return true }
        let simple = target.className.split(separator: ".").last.map(String.init) ?? ""
        if names[simple]?.contains(target.name) == true { return true }
        let isQueue = simple.hasSuffix("Queue") || simple.hasSuffix("Deque") || target.className == "java.util.Collection"
        return isQueue && target.className.hasPrefix("java.util.") && queues.contains(target.name)
    }

    /// Whether a signal ends waits such as this one; nil where that does not stand in its name.
    static func ends(_ wait: ManagedWait, _ signal: JavaCalls.Target) -> Bool? {
        if wait.typeName.hasPrefix("Object.wait") { return signal.name.hasPrefix("notify") }
        guard let type = wait.typeName.split(separator: ".").last.map(String.init), names[type] != nil else { return nil }
        return signal.className.hasSuffix(".\(type)")
    }

    /// `shutdown` of an executor, which interrupts idle workers only (ThreadPoolExecutor.java, `interruptIdleWorkers`): who stands in the middle of a task is not let go on.
    static func isOrderlyEnd(_ target: JavaCalls.Target) -> Bool { target.name == "shutdown" && target.className.hasPrefix("java.util.concurrent.") }

    /// Methods of the program's own that the end of an executor may run.
    static let endings = ["shutdown", "terminated", "done"]

    private static let outputs: Set<String> = ["write", "append", "print", "println", "printf", "format", "newLine", "flush", "close", "transferTo"]

    /// Whether it writes to or closes what another process may read; the standard outputs are `PrintStream`s.
    static func isOutput(_ target: JavaCalls.Target) -> Bool {
        let type = target.className
        guard outputs.contains(target.name) else { return false }
        return type.hasPrefix("java.io.") && (type.hasSuffix("Writer") || type.hasSuffix("OutputStream")) || type.hasPrefix("java.nio.channels.") && type.hasSuffix("Channel")
    }

    /// A class of the platform, by its name.
    static func isPlatform(_ name: String) -> Bool { ["java.", "javax.", "jdk.", "sun.", "com.sun.", "["].contains { name.hasPrefix($0) } }

    /// Methods by which the platform runs what it is given.
    static let entries: Set<String> = ["run", "call", "accept", "apply", "get", "test", "compute", "execute", "exec"]
}
