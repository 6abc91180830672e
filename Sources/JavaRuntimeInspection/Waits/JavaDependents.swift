/// Completable futures that come of others: each keeps a list of what is to be done once it is complete, and of the future which that completes.
enum JavaDependents {
    private static let limit = 4096
    private static let package = "java.util.concurrent.CompletableFuture$"

    /// These futures, and all that can be complete only after one of them. Those that are given up after a time are none: that ends their waits too.
    static func all(of sources: some Sequence<UInt64>, _ heap: JavaHeap) -> Set<UInt64> {
        var found: Set<UInt64> = []
        var open = Array(sources.prefix(limit))
        while let future = open.popLast(), found.count < limit {
            guard !found.contains(future) else { continue }
            let completions = completions(of: future, heap)
            guard !completions.contains(where: { isLimit($0, heap) }) else { continue }
            found.insert(future)
            open += Set(completions.compactMap { dependent($0, heap) }).subtracting(found)
        }
        return found
    }

    /// Whether nothing is to be done once a future is complete, and nobody waits for it, but what the platform has put there itself.
    static func arePlatforms(of future: UInt64, _ heap: JavaHeap) -> Bool {
        all(of: [future], heap).allSatisfy { future in
            completions(of: future, heap).allSatisfy { heap.reference($0, "fn").flatMap(heap.typeName).map(JavaReleasing.isPlatform) == true }
        }
    }

    private static func completions(of future: UInt64, _ heap: JavaHeap) -> [UInt64] {
        var result: [UInt64] = []
        var seen: Set<UInt64> = []
        var next = heap.reference(future, "stack")
        while let current = next, result.count < limit, seen.insert(current).inserted {
            result.append(current)
            next = heap.reference(current, "next")
        }
        return result
    }

    /// What `orTimeout` and `completeOnTimeout` leave on the list, so that the clock is called off when the future is complete.
    private static func isLimit(_ completion: UInt64, _ heap: JavaHeap) -> Bool {
        heap.reference(completion, "fn").flatMap(heap.typeName) == package + "Canceller"
    }

    /// The future that cannot be complete before the one on whose list this stands; what takes the first of several results may be.
    private static func dependent(_ completion: UInt64, _ heap: JavaHeap) -> UInt64? {
        // What waits for two stands on the list of the second by way of that on the first's.
        let own = heap.reference(completion, "base") ?? completion
        guard let type = heap.typeName(of: own), !["Or", "AnyOf"].contains(where: { type.hasPrefix(package + $0) }) else { return nil }
        return heap.reference(own, "dep")
    }
}
