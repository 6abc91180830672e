import Foundation

extension Exhibit {
    /// Actors, executors and the cooperative pool.
    static let actors: [String: Exhibit] = [
        "actor-jammed": Exhibit(summary: "an actor whose method blocks its thread; three tasks queue for it") { _ in
            Roll.expect(4)
            let ledger = Ledger()
            Cabinet.shared.keep(ledger)
            let holder = Task.detached { await ledger.blockForEver() }
            while !Ledger.isHeld.withLock({ $0 }) { await Task.yield() }
            let waiters = (1...3).map { number in
                Task.detached {
                    Roll.answer("waiter\(number)")
                    await ledger.post()
                }
            }
            for waiter in waiters { await waiter.value }
            await holder.value
        },
        "actor-queue": Exhibit(summary: "a jammed actor with jobs of several priorities, some taken over into its queue and some not") { _ in
            Roll.expect(7)
            let first = Task.detached(priority: .high) { await Counter.hold() }
            while !Counter.isHeld.withLock({ $0 }) { await Task.yield() }
            Counter.call("second", .medium)
            Counter.call("fourth", .low)
            // Runs next, since it is the most urgent: what came with it has been taken over by then.
            Cabinet.shared.keep(Task.detached(priority: .high) { @CounterActor in Counter.jam() })
            Counter.isHeld.withLock { $0 = false }
            await first.value
            while Roll.count < 3 { await Task.yield() }
            Counter.call("fifth", .low)
            Counter.call("third", .medium)
            Counter.call("first", .high)
            Roll.answer("main")
            await waitForNobody()
        },
        "actor-idle": Exhibit(summary: "an idle actor; main waits") { _ in
            Roll.expect(1)
            let ledger = Ledger()
            await ledger.post()
            Cabinet.shared.keep(ledger)
            Roll.answer("main")
            await waitForNobody()
        },
        "main-actor-blocked": Exhibit(summary: "the main thread blocks; two tasks want the main actor") { _ in
            Roll.expect(3)
            let blocker = Task.detached { await blockMain() }
            while Roll.count < 1 { await Task.yield() }
            for number in 1...2 {
                Cabinet.shared.keep(Task.detached {
                    Roll.answer("waiter\(number)")
                    await onMain()
                })
            }
            await blocker.value
        },
        "pool-starved": Exhibit(summary: "every pool thread blocked on a semaphore; five more tasks enqueued") { _ in
            // Main runs on the pool too: it takes the last thread.
            let threads = ProcessInfo.processInfo.activeProcessorCount
            Roll.expect(threads)
            for number in 1..<threads {
                Task.detached {
                    Roll.answer("blocker\(number)")
                    blockThread()
                }
            }
            while Roll.count < threads - 1 { await Task.yield() }
            for _ in 1...5 { Cabinet.shared.keep(Task.detached { await onMain() }) }
            Roll.answer("main")
            blockThread()
        },
        "custom-executor": Exhibit(summary: "an actor on its own serial executor, blocked; one task queues") { _ in
            Roll.expect(2)
            let desk = Desk()
            Cabinet.shared.keep(desk)
            let holder = Task.detached { await desk.blockForEver() }
            while Roll.count < 1 { await Task.yield() }
            let waiter = Task.detached {
                Roll.answer("waiter")
                await desk.post()
            }
            await waiter.value
            await holder.value
        },
        "actor-busy": Exhibit(summary: "an actor that suspends in the middle of a call; it is free, its caller waits") { _ in
            Roll.expect(1)
            let ledger = Ledger()
            Cabinet.shared.keep(ledger)
            await ledger.audit()
        },
        "running": Exhibit(summary: "a task that computes for ever, three async calls deep") { _ in
            Roll.expect(1)
            let task = Task.detached { await computeOuter() }
            await task.value
        },
    ]
}

actor Ledger {
    static let isHeld = Flag(false)
    private var entries = 0
    func blockForEver() {
        Roll.answer("holder")
        Ledger.isHeld.withLock { $0 = true }
        blockThread()
    }
    func post() { entries += 1 }
    func audit() async {
        Roll.answer("auditor")
        await waitForNobody()
        entries += 1
    }
}

@globalActor actor CounterActor {
    static let shared = CounterActor()
}

enum Counter {
    static let isHeld = Flag(false)

    @CounterActor static func hold() {
        isHeld.withLock { $0 = true }
        while isHeld.withLock({ $0 }) { usleep(1000) }
    }

    @CounterActor static func jam() {
        Roll.answer("holder")
        blockThread()
    }

    /// Enqueued on the actor by the time this returns: a closure of the actor's own begins nowhere else (SE-0431).
    static func call(_ role: String, _ priority: TaskPriority) {
        let task = Task.detached(priority: priority) { @CounterActor in Roll.arrive() }
        Cabinet.shared.keep(task)
        Roll.write("task \(role) 0x" + String(unsafeBitCast(task, to: UInt.self), radix: 16))
        Roll.arrive()
    }
}

final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Bool
    init(_ value: Bool) { self.value = value }
    func withLock<Result>(_ body: (inout Bool) -> Result) -> Result { lock.withLock { body(&value) } }
}

@MainActor func onMain() {}

@MainActor func blockMain() async {
    Roll.answer("blocker")
    blockThread()
}

final class DeskExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "desk")
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

actor Desk {
    private let executor = DeskExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var entries = 0
    func blockForEver() {
        Roll.answer("holder")
        blockThread()
    }
    func post() { entries += 1 }
}

func computeOuter() async {
    await computeMiddle()
    print("never printed")
}

func computeMiddle() async {
    await computeInner()
    print("never printed")
}

func computeInner() async {
    Roll.answer("computer")
    var seed: UInt64 = 1
    while seed != 0 {
        seed = seed &* 6_364_136_223_846_793_005 | 1
        // Gentle on the machine: the loop stands for work, it need not heat the room.
        if seed & 0xff == 1 { usleep(1000) }
    }
}
