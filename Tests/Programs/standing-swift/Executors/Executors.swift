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
    ]
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
