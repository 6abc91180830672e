import Foundation

extension Exhibit {
    /// Tasks whose roles say whose children they are: `main/child2/let1` is a child of `main/child2`.
    static let families: [String: Exhibit] = [
        "families": Exhibit(summary: "every kind of task, with children of children; nothing else lives") { _ in
            Roll.expect(Family.count)
            await Family.stand()
        },
        "families-churning": Exhibit(summary: "families, beside groups and async lets that come and go for ever") { _ in
            Roll.expect(Family.count + 1)
            Cabinet.shared.keep(Task.detached {
                Roll.answer("churner")
                while true {
                    await churnGroup()
                    await churnLets()
                }
            })
            await Family.stand()
        },
    ]
}

enum Family {
    static let count = 19

    static func stand() async {
        Cabinet.shared.keep(Task.detached { await member("detached") })
        Cabinet.shared.keep(Task { await member("unstructured") })
        Cabinet.shared.keep(Task(name: "named") { await member("named") })
        let cancelled = Task.detached(priority: .high) { await group("cancelled", children: 2) }
        Cabinet.shared.keep(cancelled)
        Roll.answer("main")
        async let first: Void = member("main/let1")
        async let second: Void = lets("main/let2")
        cancelled.cancel()
        await withDiscardingTaskGroup { group in
            group.addTask { await member("main/child1") }
            group.addTask { await self.group("main/child2", children: 3) }
            group.addTask { await mixed("main/child3") }
        }
        _ = await (first, second)
    }

    private static func member(_ role: String) async {
        Roll.answer(role)
        await waitForNobody()
    }

    private static func group(_ role: String, children: Int) async {
        Roll.answer(role)
        await withTaskGroup(of: Void.self) { group in
            for number in 1...children { group.addTask { await member("\(role)/child\(number)") } }
        }
    }

    private static func lets(_ role: String) async {
        Roll.answer(role)
        async let one: Void = member("\(role)/let1")
        async let other: Void = member("\(role)/let2")
        _ = await (one, other)
    }

    /// An async let and a group's child of one task.
    private static func mixed(_ role: String) async {
        Roll.answer(role)
        async let one: Void = member("\(role)/let1")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await member("\(role)/child1") }
        }
        await one
    }
}

private func churnGroup() async {
    await withTaskGroup(of: Int.self) { group in
        for number in 0..<40 {
            group.addTask {
                await Task.yield()
                return number
            }
        }
        for await _ in group {}
    }
}

private func churnLets() async {
    for number in 0..<10 {
        async let one = passing(number)
        async let other = passing(number + 1)
        _ = await one + other
    }
    // Leaves the processor to others now and then.
    try? await Task.sleep(for: .milliseconds(1))
}

private func passing(_ number: Int) async -> Int {
    await Task.yield()
    return number
}
