internal import CLinux
internal import Evidence
internal import Glibc

/// How the threads of a process may be looked at.
package enum StopMode: String, Sendable, Hashable, CaseIterable {
    /// Each stopped for as long as its own stack is copied: the gentlest.
    case perThread
    /// All stand at once, so that what they show belongs together. Also stops those whose
    /// system call a stop interrupts.
    case stopAll
    /// None is stopped.
    case never
}

/// Copies registers and stacks of a process's threads, stopping them as briefly as can be.
///
/// All tracing happens on a thread of its own that ends before this returns: the kernel
/// releases whatever it might still hold (ptrace(2)).
struct Tracer {
    /// A thread to look at, and what was seen of it before.
    struct Subject {
        var tid: Int32
        var state: String
        /// Kernel function it sleeps in, where that is known.
        var waitChannel: String?
    }
    struct Patience {
        /// Longest wait for one thread to stop.
        var longest_ms: UInt32 = 100
        /// For one that only waits for a processor to do so: on a loaded machine that takes its time, and harms nobody.
        var runnable_ms: UInt32 = 2000
    }
    struct Outcome: Sendable {
        var copies: [ThreadCopy] = []
        var stopped_ms = 0.0
    }

    let pid: Int32
    /// Most bytes of a stack copied while its thread stands; the rest is read afterwards.
    var stackLimit_bytes = 64 << 10
    var patience = Patience()
    var halt = HaltPoint.never
    /// Where the mappings of the process end, in ascending order: no stack goes on beyond.
    var mappingEnds: [UInt64] = []

    /// - Parameter some: gets a few copies at a time, as they are made; called on the tracing thread, and must not keep it.
    func copy(_ subjects: [Subject], mode: StopMode, some: ([ThreadCopy]) -> Void) -> Outcome {
        var outcome = Outcome()
        let failure = onOwnThread {
            if mode == .stopAll {
                outcome = copyAll(subjects, body: nil)
                some(outcome.copies)
            } else {
                outcome = copyEach(subjects, mayStop: mode != .never, some: some)
            }
        }
        if let failure {
            outcome.copies = subjects.map { Self.failed($0.tid, failure) }
        }
        return outcome
    }

    /// Runs `body` while every thread stands that can be stopped without disturbing it.
    func whileStanding(_ subjects: [Subject], _ body: () -> Void) -> Outcome {
        var outcome = Outcome()
        let failure = withoutActuallyEscaping(body) { body in
            onOwnThread {
                let quiet = subjects.filter { obstacle($0, try? ProcDirectory(pid: pid, tid: $0.tid).syscall()) == nil }
                outcome = copyAll(quiet, body: body)
            }
        }
        if failure != nil { body() }
        return outcome
    }

    // MARK: One after the other

    /// So many are asked to stop together; each goes on as soon as its own stack is copied.
    private static let together = 4

    private func copyEach(_ subjects: [Subject], mayStop: Bool, some: ([ThreadCopy]) -> Void) -> Outcome {
        let scratch = TracerScratch(Array(repeating: stackLimit_bytes, count: min(Self.together, max(1, subjects.count))))
        var outcome = Outcome()
        let began = ContinuousClock.now
        var tracer = self
        for first in stride(from: 0, to: subjects.count, by: Self.together) {
            hs_copy_pause()
            // All together must not take long either.
            if ContinuousClock.now - began > .seconds(3) { tracer.patience.runnable_ms = patience.longest_ms }
            let few = Array(subjects[first..<min(first + Self.together, subjects.count)])
            var copies = tracer.copyFew(few, mayStop: mayStop, scratch: scratch)
            for index in few.indices {
                // It may have moved on between looking and copying; a moment later it stands or runs.
                for _ in 0..<3 where copies[index].pause.method == .none && copies[index].note == Self.moved {
                    copies[index] = tracer.copyFew([few[index]], mayStop: mayStop, scratch: scratch)[0]
                }
                outcome.stopped_ms += copies[index].pause.method == .stopped ? copies[index].pause.duration_ms : 0
            }
            outcome.copies += copies
            some(copies)
        }
        return outcome
    }

    static let ended = "the thread ended"
    private static let moved = "it moved while it was being read"
    private static let refused =
        "it may not be traced: another debugger holds it, or run as root or its parent (`hangscope doctor` explains ptrace_scope)"

    private func copyFew(_ subjects: [Subject], mayStop: Bool, scratch: TracerScratch) -> [ThreadCopy] {
        var stopped: [(index: Int, syscall: SyscallReading?)] = []
        var copies = subjects.enumerated().map { index, subject in
            if subject.state == "Z" || subject.state == "X" { return Self.failed(subject.tid, "the thread has exited") }
            let syscall = try? ProcDirectory(pid: pid, tid: subject.tid).syscall()
            let obstacle = obstacle(subject, syscall)
            if !mayStop || obstacle != nil { return copyAsleep(subject.tid, syscall, because: obstacle, scratch: scratch) }
            stopped.append((index, syscall))
            return ThreadCopy(tid: subject.tid)
        }
        guard !stopped.isEmpty else { return copies }
        let requests = stopped.enumerated().map { scratch.request(tid: subjects[$1.index].tid, slot: $0) }
        scratch.run(requests, by: self) { threads, request in
            hs_copy_few(&request)
            for (raw, (index, syscall)) in zip(threads, stopped) {
                copies[index] = Self.copy(raw)
                copies[index].syscall = syscall
            }
        }
        return copies
    }

    /// Why a thread should not be, or cannot be, stopped.
    private func obstacle(_ subject: Subject, _ syscall: SyscallReading?) -> String? {
        switch subject.state {
        case "T": return "stopped by a signal; left as it was"
        case "t": return "stopped by another tracer; left as it was"
        case "D": return "in uninterruptible sleep, in which nothing can stop it"
        default: break
        }
        guard case .inCall(let number, let arguments, _, _)? = syscall else { return nil }
        // A fault within a system call is not left for a stop: the thread would turn in the kernel until it is served.
        if subject.waitChannel == "handle_userfault" { return "in a system call that waits for a page of a userfaultfd, which nothing can stop" }
        if subject.waitChannel == StopSafety.fuse { return "a FUSE server would be told of the stop, and may end the call" }
        switch StopSafety.verdict(number: number, arguments: arguments) {
        case .safe: return nil
        case .disturbs(let why): return why
        case .disturbsIfChanged(let address, let expected):
            guard let word = try? LiveMemory(pid: pid).load(UInt32.self, at: address), word != expected else { return nil }
            return "a futex wait whose word has changed returns EAGAIN after a stop"
        case .disturbsIfTimeout(let fd, let receiving):
            let answer = hs_socket_has_timeout(pid, fd, receiving ? 1 : 0)
            if answer == 0 { return nil }
            return answer > 0
                ? "a socket call with a timeout returns EINTR after a stop"
                : "a socket call may have a timeout, and then returns EINTR after a stop"
        }
    }

    /// Copies threads that sleep, one after the other, without stopping them. On whichever thread, but on one only.
    final class Sleepers {
        private let tracer: Tracer
        private let scratch: TracerScratch

        init(of tracer: Tracer) {
            self.tracer = tracer
            scratch = TracerScratch([tracer.stackLimit_bytes])
        }

        /// nil where that is not to be had.
        func copy(tid: Int32) -> ThreadCopy? {
            let copy = tracer.copyAsleep(tid, try? ProcDirectory(pid: tracer.pid, tid: tid).syscall(), because: nil, scratch: scratch)
            return copy.known != 0 ? copy : nil
        }
    }

    private func copyAsleep(_ tid: Int32, _ syscall: SyscallReading?, because obstacle: String?, scratch: TracerScratch) -> ThreadCopy {
        var copy = ThreadCopy(tid: tid)
        copy.syscall = syscall
        copy.note = obstacle
        guard let syscall, let stackPointer = syscall.stackPointer, let programCounter = syscall.programCounter else {
            copy.note = syscall == nil ? "/proc/\(pid)/task/\(tid)/syscall cannot be read" : "it was running, and was not to be stopped"
            return copy
        }
        var raw = scratch.request(tid: tid)
        mappingEnds.withUnsafeBufferPointer { ends in
            var stacks = hs_stacks(ends: ends.baseAddress, count: ends.count)
            hs_copy_without_stopping(pid, &stacks, &raw, stackPointer)
        }
        guard raw.stack_length > 0 else {
            copy.note = raw.error == -EPERM ? Self.refused : "its stack cannot be read"
            return copy
        }
        guard (try? ProcDirectory(pid: pid, tid: tid).syscall()) == syscall else {
            copy.note = Self.moved
            return copy
        }
        copy.registers[ThreadCopy.stackPointerIndex] = stackPointer
        copy.registers[ThreadCopy.programCounterIndex] = programCounter
        copy.known = 1 << UInt32(ThreadCopy.stackPointerIndex) | 1 << UInt32(ThreadCopy.programCounterIndex)
        if case .inCall(_, let arguments, _, _) = syscall {
            // The kernel's calling convention: rdi, rsi, rdx, r10, r8, r9 (DWARF 5, 4, 1, 10, 8, 9).
            for (register, value) in zip([5, 4, 1, 10, 8, 9], arguments) {
                copy.registers[register] = value
                copy.known |= 1 << UInt32(register)
            }
        }
        copy.stackStart = raw.stack_start
        copy.stack = Array(UnsafeBufferPointer(start: raw.stack, count: raw.stack_length))
        copy.pause = ThreadPause(method: .readWithoutStopping, duration_ms: 0)
        return copy
    }

    // MARK: All at once

    private func copyAll(_ subjects: [Subject], body: (() -> Void)?) -> Outcome {
        var outcome = Outcome()
        let alive = subjects.filter { !["Z", "X", "T", "t", "D"].contains($0.state) }
        let aside = subjects.filter { ["Z", "X", "T", "t", "D"].contains($0.state) }
        let readings = alive.mapByTwo { ($0.tid, try? ProcDirectory(pid: pid, tid: $0.tid).syscall()) }
        let syscalls = Dictionary(readings, uniquingKeysWith: { first, _ in first })
        let scratch = TracerScratch(alive.map { stackSize(syscalls[$0.tid] ?? nil) })
        let requests = alive.enumerated().map { scratch.request(tid: $1.tid, slot: $0) }
        scratch.run(requests, by: self) { threads, request in
            let box = Inside(body: body)
            let nanoseconds = withExtendedLifetime(box) {
                hs_copy_all(&request, { Unmanaged<Inside>.fromOpaque($0!).takeUnretainedValue().body?() }, Unmanaged.passUnretained(box).toOpaque())
            }
            outcome.stopped_ms = Double(nanoseconds) / 1e6
            outcome.copies = threads.map { raw in
                var copy = Self.copy(raw)
                copy.syscall = syscalls[raw.tid] ?? nil
                return copy
            }
        }
        guard !aside.isEmpty else { return outcome }
        let single = TracerScratch([stackLimit_bytes])
        outcome.copies += aside.flatMap { copyFew([$0], mayStop: false, scratch: single) }
        return outcome
    }

    /// Of one that sleeps, what lies between its stack pointer and the end of that mapping, and a little more, for it may have moved.
    private func stackSize(_ syscall: SyscallReading?) -> Int {
        guard let stackPointer = syscall?.stackPointer, let end = mappingEnds.first(where: { $0 > stackPointer }) else { return stackLimit_bytes }
        return Int(min(UInt64(stackLimit_bytes), end - stackPointer + 4096))
    }

    private final class Inside {
        let body: (() -> Void)?
        init(body: (() -> Void)?) { self.body = body }
    }

    // MARK: Translation

    private static func failed(_ tid: Int32, _ note: String) -> ThreadCopy {
        var copy = ThreadCopy(tid: tid)
        copy.note = note
        return copy
    }

    private static func copy(_ raw: hs_thread_copy) -> ThreadCopy {
        var copy = ThreadCopy(tid: raw.tid)
        if raw.error != 0 {
            copy.note = switch -raw.error {
            case EPERM: refused
            case ESRCH: ended
            case ETIMEDOUT: "it did not stop within the time allowed"
            default: "tracing failed: \(String(cString: strerror(-raw.error)))"
            }
        }
        guard raw.stack_length > 0 else { return copy }
        withUnsafeBytes(of: raw.registers) { copy.registers = Array($0.bindMemory(to: UInt64.self)) }
        copy.known = ThreadCopy.allRegisters
        copy.threadPointer = raw.fs_base
        copy.rseq = raw.rseq
        copy.stackStart = raw.stack_start
        copy.stack = Array(UnsafeBufferPointer(start: raw.stack, count: raw.stack_length))
        copy.pause = ThreadPause(method: .stopped, duration_ms: Double(raw.pause_ns) / 1e6)
        return copy
    }
}

/// Where a test may halt the tracer, to kill it there.
package struct HaltPoint: Sendable, Hashable {
    package enum Step: Int32, Sendable, CaseIterable { case none, seized, interrupted, stopped, copied, resumed }
    package var step: Step
    /// Gets one byte when the step is reached.
    package var descriptor: Int32

    package init(step: Step, descriptor: Int32) {
        self.step = step
        self.descriptor = descriptor
    }

    package static let never = HaltPoint(step: .none, descriptor: -1)
}

/// Runs `body` on a thread of its own and waits; nil, or why no thread could be made.
private func onOwnThread(_ body: () -> Void) -> String? {
    withoutActuallyEscaping(body) { body in
        final class Box { let body: () -> Void; init(_ body: @escaping () -> Void) { self.body = body } }
        let box = Box(body)
        let result = withExtendedLifetime(box) {
            hs_on_own_thread({ Unmanaged<Box>.fromOpaque($0!).takeUnretainedValue().body() }, Unmanaged.passUnretained(box).toOpaque())
        }
        return result < 0 ? "no thread could be made for tracing: \(String(cString: strerror(-result)))" : nil
    }
}
