import Foundation
import Synchronization

extension Exhibit {
    /// Where tasks run: executors of the program's own.
    static let executors: [String: Exhibit] = [
        "task-executor": Exhibit(summary: "tasks that prefer a task executor whose only thread is blocked; two are queued there") { _ in
            Roll.expect(3)
            let lane = Lane()
            Cabinet.shared.keep(lane)
            Cabinet.shared.keep(Task.detached(executorPreference: lane) {
                Roll.answer("holder")
                blockThread()
            })
            while Roll.count < 1 { await Task.yield() }
            // They answer here and not on the lane, where nothing runs any more.
            for number in 1...2 {
                let before = lane.count
                Cabinet.shared.keep(Task.detached {
                    Roll.answer("waiter\(number)")
                    await withTaskExecutorPreference(lane) { await waitForNobody() }
                })
                // One after the other: the queue's order is part of the truth.
                while lane.count == before { await Task.yield() }
            }
            await waitForNobody()
        },
        "task-executor-idle": Exhibit(summary: "healthy: a task that prefers a task executor, and waits; a child inherits it") { _ in
            Roll.expect(2)
            let lane = Lane()
            Cabinet.shared.keep(lane)
            Cabinet.shared.keep(Task.detached(executorPreference: lane) {
                Roll.answer("parent")
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        Roll.answer("parent/child")
                        await waitForNobody()
                    }
                }
            })
            await waitForNobody()
        },
        "press-jammed": Exhibit(summary: "an actor's job waits for work that was handed to the thread on which that actor's jobs run") { _ in
            Roll.expect(1)
            let platen = Platen()
            let press = Press(on: platen, with: platen)
            Thread.detachNewThread { Clock.tick() }
            Task.detached { await press.pull { Roll.answer("puller") } }
            while Roll.count < 1 { await Task.yield() }
            await press.pull {}
        },
        "press-driven": Exhibit(summary: "healthy: the same of another thread, whose work takes its time") { _ in
            Roll.expect(2)
            let other = Platen()
            let press = Press(on: Platen(), with: other)
            Thread.detachNewThread { other.perform { inSteps { Roll.answer("sheet") } } }
            while Roll.count < 1 { await Task.yield() }
            Task.detached { await press.pull { Roll.answer("puller") } }
            while Roll.count < 2 { await Task.yield() }
            await press.pull {}
        },
    ]
}

/// An actor whose jobs run on a thread of its own, and hand work to that or to another one.
actor Press {
    private let thread: Platen
    private let helper: Platen
    private var sheets = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(on thread: Platen, with helper: Platen) { (self.thread, self.helper) = (thread, helper) }

    func pull(_ begun: @Sendable () -> Void) {
        begun()
        helper.perform {}
        sheets += 1
    }
}

/// A serial executor with one thread (SE-0392).
final class Platen: SerialExecutor, @unchecked Sendable {
    private let changed = NSCondition()
    private var work: [() -> Void] = []

    init() { Thread.detachNewThread { [self] in run() } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        hand { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Runs something on the thread, and comes back when that is done.
    @inline(never)
    func perform(_ body: @escaping () -> Void) {
        let done = DispatchSemaphore(value: 0)
        hand {
            body()
            done.signal()
        }
        done.wait()
    }

    private func hand(_ piece: @escaping () -> Void) {
        changed.lock()
        work.append(piece)
        changed.signal()
        changed.unlock()
    }

    private func run() {
        while true {
            changed.lock()
            while work.isEmpty { changed.wait() }
            let next = work.removeFirst()
            changed.unlock()
            next()
        }
    }
}

/// A task executor with one thread (SE-0417).
final class Lane: TaskExecutor {
    private let queue = DispatchQueue(label: "lane")
    private let handed = Mutex(0)
    /// Jobs that were handed over so far.
    var count: Int { handed.withLock { $0 } }

    func enqueue(_ job: consuming ExecutorJob) {
        defer { handed.withLock { $0 += 1 } }
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
