internal import ProcessInspection

/// What a task's chain of status records says (TaskStatus.h): its name, children lists, executor.
struct StatusRecords {
    enum Kind: UInt8 {
        // TaskStatusRecordKind, include/swift/ABI/MetadataValues.h
        case dependency = 0
        case childTask = 1
        case taskGroup = 2
        case cancellationHandler = 3
        case executorPreference = 5
        case name = 6
    }
    struct ChildList: Hashable {
        var first: UInt64
        /// Address of the group that keeps the list; nil for async lets.
        var group: UInt64?
    }
    var name: String?
    var childLists: [ChildList] = []
    var hasCancellationHandler = false
    /// The task executor that it prefers (SE-0417), the innermost first; identity 0 where there is none.
    var preferredExecutor: (identity: UInt64, implementation: UInt64) = (0, 0)

    private static let maximumRecords = 64

    init(of task: RawTask, layout: RuntimeLayout, memory: any MemoryReader) {
        var here = task.statusRecord
        for _ in 0..<Self.maximumRecords {
            // The lowest bits of the first pointer are flags of the lock.
            guard here != 0, here & 7 == 0, let (kind, next) = memory.pair(here &+ layout.record.kind) else { return }
            let payload = here &+ layout.record.payload
            switch Kind(rawValue: UInt8(truncatingIfNeeded: kind)) {
            case .childTask: childLists.append(ChildList(first: memory.word(payload) ?? 0, group: nil))
            case .taskGroup:
                childLists.append(ChildList(first: memory.word(payload) ?? 0, group: here &- layout.group.record))
            case .cancellationHandler: hasCancellationHandler = true
            case .executorPreference:
                if preferredExecutor.identity == 0, let (identity, implementation) = memory.pair(here &+ layout.record.preferredExecutor) {
                    preferredExecutor = (identity, implementation)
                }
            case .name:
                if let text = memory.word(payload), let name = try? memory.string(at: text, limit: 512), !name.isEmpty {
                    self.name = name
                }
            case .dependency, nil: break
            }
            if next == here { return }
            here = next
        }
    }
}
