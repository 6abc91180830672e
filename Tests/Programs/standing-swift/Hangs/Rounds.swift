import Foundation

/// Hands out parcels to whoever waits for one.
private actor Depot {
    private var parcels: [Int]
    private var waiting: [CheckedContinuation<Int, Never>] = []
    private(set) var delivered = 0

    init(_ count: Int) { parcels = Array(0..<count) }

    func next() async -> Int {
        if let parcel = parcels.popLast() { return parcel }
        return await withCheckedContinuation { waiting.append($0) }
    }

    func put(_ parcel: Int) { delivered += parcel }
}

/// Takes one parcel after the other.
private actor Rider {
    private let depot: Depot
    private var rides = 0

    init(_ depot: Depot) { self.depot = depot }

    func ride(signs: Bool) async throws {
        while true {
            let parcel = await depot.next()
            try await Task.sleep(for: .milliseconds(5))
            if signs { await withCheckedContinuation { continuation in Library().dropping { continuation.resume() } } }
            await depot.put(parcel)
            rides += 1
        }
    }
}

private func ride(_ parcels: Int, signs: Bool) async {
    let depot = Depot(parcels)
    Roll.expect(2)
    try? await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<2 {
            group.addTask {
                Roll.answer("rider-\(number)")
                try await Rider(depot).ride(signs: signs)
            }
        }
        try await group.waitForAll()
    }
    print("delivered", await depot.delivered)
}

private struct Night {
    var rounds = 0

    mutating func watch() async throws {
        while !Task.isCancelled {
            rounds += 1
            try await Task.sleep(for: .seconds(36_007))
        }
    }

    mutating func watchOnce() async throws {
        rounds += 1
        try await Task.sleep(for: .seconds(36_007))
        print("watched", rounds)
    }
}

extension Exhibit {
    /// Loops without an end, in the middle of a round and between two.
    static let rounds: [String: Exhibit] = [
        "riders-at-rest": Exhibit(summary: "healthy: riders that have delivered all and wait for the next parcel") { _ in await ride(6, signs: false) },
        "riders-unsigned": Exhibit(summary: "riders in the middle of a round, at a signature that nobody will give") { _ in await ride(6, signs: true) },
        "night-watch": Exhibit(summary: "healthy: asleep until the next night, in a loop without an end") { _ in
            Roll.expect(1)
            Roll.answer("watchman")
            var night = Night()
            try? await night.watch()
        },
        "night-long": Exhibit(summary: "asleep for ten hours in the middle of its work") { _ in
            Roll.expect(1)
            Roll.answer("watchman")
            var night = Night()
            try? await night.watchOnce()
        },
    ]
}
