import Foundation

extension Exhibit {
    /// Many tasks at once.
    static let crowds: [String: Exhibit] = [
        "many": Exhibit(summary: "N tasks (default 1000) suspended at the same place, beside M MiB of ballast") { arguments in
            let count = arguments.first.flatMap { Int($0) } ?? 1000
            let ballast = arguments.dropFirst().first.flatMap { Int($0) } ?? 0
            for _ in 0..<ballast { Cabinet.shared.keep([UInt8](repeating: 0x5a, count: 1 << 20)) }
            await crowd(count)
        },
        "churn": Exhibit(summary: "groups of children that come and go for ever, beside 50 that stand") { _ in
            Roll.expect(50)
            for number in 1...50 {
                Cabinet.shared.keep(Task.detached {
                    Roll.answer("standing\(number)")
                    await waitForNobody()
                })
            }
            await churn()
        },
    ]
}

func crowd(_ count: Int) async {
    await withTaskGroup(of: Void.self) { group in
        for _ in 0..<count {
            group.addTask {
                Roll.arrive()
                await waitForNobody()
            }
        }
        Roll.expect(count)
    }
}

func churn() async {
    while true {
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 {
                group.addTask {
                    await Task.yield()
                    return number
                }
            }
            for await _ in group {}
        }
        try? await Task.sleep(for: .milliseconds(1))
    }
}
