/// What a piece of the platform's own work leads to, by the references of the platform's own objects.
enum JavaLeads {
    private static let limit = 50_000
    /// They lead to everything.
    private static let crossroads = ["java.lang.Thread", "java.lang.ClassLoader", "java.lang.Class", "java.util.concurrent.AbstractExecutorService"]

    /// Those of the objects that are come to from the work.
    static func reached(from work: [UInt64], among targets: Set<UInt64>, _ heap: JavaHeap) -> Set<UInt64> {
        var found: Set<UInt64> = []
        var seen = Set(work)
        var open = work
        var next = 0
        while next < open.count, found.count < targets.count, seen.count < limit {
            let object = open[next]
            next += 1
            for other in heap.references(of: object) where seen.insert(other).inserted {
                if targets.contains(other) { found.insert(other) }
                guard let name = heap.typeName(of: other), JavaReleasing.isPlatform(name), Set(heap.ancestry(of: other)).isDisjoint(with: crossroads) else { continue }
                open.append(other)
            }
        }
        return found
    }
}
