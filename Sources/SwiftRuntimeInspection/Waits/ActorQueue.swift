internal import ProcessInspection

/// The jobs that wait on a default actor, in the order in which it will run them.
///
/// Swift 6.x, stdlib/public/Concurrency/Actor.cpp: a new job is pushed onto a list in the actor's status word, the last one first. The
/// thread that drains the actor takes that list over, oldest first, into a queue by priority (include/swift/Basic/PriorityQueue.h):
/// one list, of which jobs of the same bucket keep their order. So what has not been taken over yet comes after what has, within its bucket.
struct ActorQueue {
    /// Addresses of jobs, most of which are tasks.
    private(set) var jobs: [UInt64] = []
    /// Whether both lists could be followed to their ends.
    private(set) var isComplete = true

    private static let maximumJobs = 1 << 20

    init(ofActorAt actor: UInt64, layout: RuntimeLayout, memory: any MemoryReader) {
        let taken = chain(from: actor &+ layout.actor.prioritizedJobs, layout, memory)
        let new = chain(from: actor &+ layout.actor.firstJob, layout, memory).reversed()
        jobs = new.isEmpty ? taken : (taken + new).enumerated().map { (bucket: Self.bucket(of: $1, layout, memory), place: $0, job: $1) }
            .sorted { ($0.bucket, $0.place) < ($1.bucket, $1.place) }.map(\.job)
    }

    private mutating func chain(from place: UInt64, _ layout: RuntimeLayout, _ memory: any MemoryReader) -> [UInt64] {
        var chain: [UInt64] = []
        var seen: Set<UInt64> = []
        var next = memory.word(place)
        while let job = next, job != 0 {
            guard job & 7 == 0, chain.count < Self.maximumJobs, seen.insert(job).inserted else {
                isComplete = false
                return chain
            }
            chain.append(job)
            next = memory.word(job &+ layout.task.nextJob)
        }
        if next == nil { isComplete = false }
        return chain
    }

    /// getPriorityBucketIndex (include/swift/ABI/MetadataValues.h): the most urgent is 0.
    private static func bucket(of job: UInt64, _ layout: RuntimeLayout, _ memory: any MemoryReader) -> Int {
        let priority = (memory.half(job &+ layout.task.jobFlags) ?? 0) >> JobFlagBits.priorityShift & 0xff
        // TaskPriority's raw values: user initiated 0x19, default 0x15, utility 0x11, background 0x09.
        return [0x19, 0x15, 0x11, 0x09].firstIndex { priority > $0 } ?? 4
    }
}
