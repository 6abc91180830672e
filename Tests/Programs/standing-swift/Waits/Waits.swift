import Foundation

extension Exhibit {
    /// One wait each.
    static let waits: [String: Exhibit] = [
        "continuation-checked": Exhibit(summary: "a checked continuation, held and never resumed") { _ in
            Roll.expect(1)
            await CallRegistry.shared.complete(call: 7)
        },
        "continuation-unsafe": Exhibit(summary: "an unsafe continuation, held and never resumed") { _ in
            Roll.expect(1)
            Roll.answer("waiter")
            await waitForNobody()
        },
        "continuation-dropped": Exhibit(summary: "an unsafe continuation that nobody holds any more") { _ in
            Roll.expect(1)
            let task = Task.detached {
                Roll.answer("waiter")
                await dropContinuation()
            }
            await task.value
        },
        "continuation-own": Exhibit(summary: "a continuation in the dictionary of an actor that only the waiting task leads to") { _ in
            Roll.expect(1)
            Cabinet.shared.keep(Task.detached { await OwnRegistry().complete(call: 7) })
            await waitForNobody()
        },
        "sleep": Exhibit(summary: "Task.sleep for an hour") { _ in
            Roll.expect(1)
            Roll.answer("sleeper")
            try? await Task.sleep(for: .seconds(3600))
        },
        "stream": Exhibit(summary: "an AsyncStream that is never finished") { _ in
            Roll.expect(1)
            let (stream, feed) = AsyncStream<Int>.makeStream()
            Cabinet.shared.keep(feed)
            feed.yield(1)
            await consume(stream)
        },
        "task-cycle": Exhibit(summary: "two tasks that await each other's value") { _ in
            Roll.expect(2)
            let first = Promised<Task<Int, Never>>()
            let second = Promised<Task<Int, Never>>()
            let left = Task.detached { await awaitOther(second, role: "left") }
            let right = Task.detached { await awaitOther(first, role: "right") }
            first.fulfil(left)
            second.fulfil(right)
            _ = await left.value
        },
        "cancelled-ignoring": Exhibit(summary: "a cancelled child that goes on; its group waits for it") { _ in
            Roll.expect(2)
            Roll.answer("canceller")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    Roll.answer("ignorer")
                    await waitForNobody()
                }
                group.addTask {}
                await group.next()
                group.cancelAll()
            }
        },
        "group": Exhibit(summary: "a task group with three children that never end") { _ in
            Roll.expect(4)
            Roll.answer("parent")
            await withTaskGroup(of: Void.self) { group in
                for number in 1...3 {
                    group.addTask {
                        Roll.answer("child\(number)")
                        await waitForNobody()
                    }
                }
            }
        },
        "group-next": Exhibit(summary: "a throwing group waiting for the next of two children") { _ in
            Roll.expect(3)
            Roll.answer("parent")
            try? await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...2 {
                    group.addTask {
                        Roll.answer("child\(number)")
                        await waitForNobody()
                        return number
                    }
                }
                for try await _ in group {}
            }
        },
        "async-let": Exhibit(summary: "two async lets that never end") { _ in
            Roll.expect(3)
            Roll.answer("parent")
            async let first: Int = standAsChild("child1")
            async let second: Int = standAsChild("child2")
            _ = await (first, second)
        },
        "detached": Exhibit(summary: "a detached task that waits; main awaits its value") { _ in
            Roll.expect(2)
            let task = Task.detached {
                Roll.answer("detached")
                await outerStep()
                return 5
            }
            Roll.answer("main")
            _ = await task.value
        },
        "named": Exhibit(summary: "named tasks") { _ in
            Roll.expect(2)
            let first = Task(name: "fetch-page-1") {
                Roll.answer("fetch-page-1")
                await waitForNobody()
            }
            await withTaskGroup(of: Void.self) { group in
                group.addTask(name: "fetch-page-2") {
                    Roll.answer("fetch-page-2")
                    await waitForNobody()
                }
            }
            await first.value
        },
        "completed-held": Exhibit(summary: "five completed tasks whose handles are held") { _ in
            Roll.expect(6)
            for number in 1...5 {
                let task = Task.detached {
                    Roll.answer("done\(number)")
                    return number
                }
                Cabinet.shared.keep(task)
                _ = await task.value
            }
            Roll.answer("main")
            await waitForNobody()
        },
    ]
}

/// Stands for a table of pending calls, as clients of request-response protocols have.
final actor CallRegistry {
    static let shared = CallRegistry()
    private var pending: [Int: CheckedContinuation<Void, Never>] = [:]

    func complete(call: Int) async {
        Roll.answer("caller")
        await withCheckedContinuation { pending[call] = $0 }
    }
}

/// Known to nobody but the call that is in it.
final actor OwnRegistry {
    private var pending: [Int: CheckedContinuation<Void, Never>] = [:]

    func complete(call: Int) async {
        Roll.answer("caller")
        await withCheckedContinuation { pending[call] = $0 }
    }
}

func consume(_ stream: AsyncStream<Int>) async {
    var isFirst = true
    for await _ in stream {
        if isFirst { Roll.answer("consumer") }
        isFirst = false
    }
}

func dropContinuation() async {
    await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
}

func standAsChild(_ role: String) async -> Int {
    Roll.answer(role)
    await waitForNobody()
    return 1
}

func outerStep() async {
    await innerStep()
    print("never printed")
}

func innerStep() async {
    await waitForNobody()
    print("never printed")
}

/// A value that is set once and awaited by polling, so that waiting for it adds no other kind of wait.
final class Promised<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value?
    func fulfil(_ value: Value) { lock.withLock { self.value = value } }
    func get() async -> Value {
        while true {
            if let value = lock.withLock({ value }) { return value }
            await Task.yield()
        }
    }
}

func awaitOther(_ other: Promised<Task<Int, Never>>, role: String) async -> Int {
    let task = await other.get()
    Roll.answer(role)
    return await task.value
}
