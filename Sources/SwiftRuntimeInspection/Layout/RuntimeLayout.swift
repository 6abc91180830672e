/// Where Swift's concurrency runtime keeps what it knows, for one version of it.
///
/// Offsets are in bytes from the start of the object named. Sources, by the Swift 6.3
/// runtime: include/swift/ABI/Task.h (Job, AsyncTask and its fragments), TaskStatus.h (status
/// records), stdlib/public/Concurrency/TaskPrivate.h (private storage, status bits),
/// TaskGroup.cpp, Actor.cpp. All were checked against running programs.
package struct RuntimeLayout: Sendable, Hashable {
    /// What a target is recognised by, read from its runtime's `_swift_concurrency_debug_` variables.
    package struct Key: Sendable, Hashable, CustomStringConvertible {
        package var asyncTaskSize: UInt64
        package var internalLayoutVersion: UInt32
        package var supportsPriorityEscalation: Bool

        package var description: String {
            "asyncTaskSize \(asyncTaskSize), internal layout \(internalLayoutVersion), "
                + "priority escalation \(supportsPriorityEscalation ? "on" : "off")"
        }
    }

    /// Swift versions it was checked with, for people.
    package var name: String
    package var task: Task
    package var record: Record
    package var group: Group
    package var actor: Actor
    package var threadLocal: ThreadLocal

    package struct Task: Sendable, Hashable {
        package var refcount: UInt64 = 0x08
        /// Job.SchedulerPrivate[0]: the next job or the next waiter.
        package var nextJob: UInt64 = 0x10
        package var jobFlags: UInt64 = 0x20
        package var idLow: UInt64 = 0x24
        package var resumeFunction: UInt64 = 0x38
        package var resumeContext: UInt64 = 0x40
        package var status: UInt64 = 0x60
        package var statusRecord: UInt64 = 0x68
        package var lastAllocation: UInt64 = 0x70
        package var idHigh: UInt64 = 0x90
        package var basePriority: UInt64 = 0x98
        package var dependencyRecord: UInt64 = 0xa0
        /// Fragments follow from here, each only if its flag is set: child, group child, future.
        package var fragments: UInt64 = 0xd0
    }

    package struct Record: Sendable, Hashable {
        package var kind: UInt64 = 0x00
        package var parent: UInt64 = 0x08
        /// Kind 0: two words of target; kind 1 and 2: the first child; kind 6: the name.
        package var payload: UInt64 = 0x10
        package var dependencyKind: UInt64 = 0x20
        /// Kind 5: identity and implementation of the task executor preferred.
        package var preferredExecutor: UInt64 = 0x18
    }

    package struct Group: Sendable, Hashable {
        /// The group's status record lies within the group.
        package var record: UInt64 = 0x08
        package var status: UInt64 = 0x50
    }

    package struct Actor: Sendable, Hashable {
        package var flags: UInt64 = 0x20
        package var firstJob: UInt64 = 0x28
        /// Head of the queue by priority, which lies at the end of the 12 words reserved for the runtime.
        package var prioritizedJobs: UInt64 = 0x40
    }

    package struct ThreadLocal: Sendable, Hashable {
        /// In the runtime library's block of thread-local storage.
        package var activeTask: UInt64 = 0x08
        package var executorTracking: UInt64 = 0x10
    }

    /// The layouts we know. Adding one: docs/task-forest.md.
    package static let known: [Key: RuntimeLayout] = [
        Key(asyncTaskSize: 0xd0, internalLayoutVersion: 1, supportsPriorityEscalation: false):
            RuntimeLayout(
                name: "Swift 6.3, Linux, 64-bit", task: Task(), record: Record(), group: Group(), actor: Actor(),
                threadLocal: ThreadLocal())
    ]
}

/// Bits of a task's status word (`ActiveTaskStatus` in TaskPrivate.h, no priority escalation).
package enum TaskStatusBits {
    package static let priority: UInt64 = 0xff
    package static let cancelled: UInt64 = 0x100
    package static let recordsLocked: UInt64 = 0x200
    package static let escalated: UInt64 = 0x400
    package static let running: UInt64 = 0x800
    package static let enqueued: UInt64 = 0x1000
    package static let complete: UInt64 = 0x2000
    package static let hasDependency: UInt64 = 0x4000
    package static let all: UInt64 = 0xffff
}

/// Bits of a job's flags (`JobFlags` in include/swift/ABI/MetadataValues.h).
package enum JobFlagBits {
    package static let kind: UInt32 = 0xff
    package static let priorityShift: UInt32 = 8
    package static let child: UInt32 = 0x0100_0000
    package static let future: UInt32 = 0x0200_0000
    package static let groupChild: UInt32 = 0x0400_0000
    package static let asyncLet: UInt32 = 0x1000_0000
    package static let named: UInt32 = 0x4000_0000
}
