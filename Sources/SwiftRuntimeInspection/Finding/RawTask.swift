/// What a task's own memory says, before anything is made of it.
package struct RawTask: Sendable, Hashable {
    package var address: UInt64
    package var refcount: UInt64
    package var nextJob: UInt64
    package var flags: UInt32
    package var id: UInt64
    package var resumeFunction: UInt64
    package var resumeContext: UInt64
    package var status: UInt64
    package var statusRecord: UInt64
    package var lastAllocation: UInt64
    package var basePriority: UInt8
    package var dependencyRecord: UInt64
    /// From the child fragment: address of the parent task, and the next child of the same parent or group.
    package var parent: UInt64 = 0
    package var nextSibling: UInt64 = 0
    /// From the group child fragment.
    package var group: UInt64 = 0
    /// From the future fragment: first waiting task and state in the low two bits.
    package var waitQueue: UInt64 = 0

    /// Bytes of a task that are looked at, fragments included, at most.
    package static let extent_bytes = 0x100

    /// - Parameter bytes: begin at the task's first word and hold at least `extent_bytes`.
    package init(address: UInt64, bytes: UnsafeRawBufferPointer, layout: RuntimeLayout.Task) {
        func word(_ offset: UInt64) -> UInt64 {
            offset + 8 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self) : 0
        }
        func half(_ offset: UInt64) -> UInt32 {
            offset + 4 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self) : 0
        }
        self.address = address
        refcount = word(layout.refcount)
        nextJob = word(layout.nextJob)
        flags = half(layout.jobFlags)
        id = UInt64(half(layout.idLow)) | UInt64(half(layout.idHigh)) << 32
        resumeFunction = word(layout.resumeFunction)
        resumeContext = word(layout.resumeContext)
        status = word(layout.status)
        statusRecord = word(layout.statusRecord)
        lastAllocation = word(layout.lastAllocation)
        basePriority = UInt8(truncatingIfNeeded: word(layout.basePriority))
        dependencyRecord = word(layout.dependencyRecord)
        var offset = layout.fragments
        if flags & JobFlagBits.child != 0 {
            parent = word(offset)
            nextSibling = word(offset + 8)
            offset += 16
        }
        if flags & JobFlagBits.groupChild != 0 {
            group = word(offset)
            offset += 8
        }
        if flags & JobFlagBits.future != 0 { waitQueue = word(offset) }
    }

    package var isRunning: Bool { status & TaskStatusBits.running != 0 }
    package var isComplete: Bool { status & TaskStatusBits.complete != 0 }

    /// The refcount word of objects that are never freed one by one, as async-let tasks are
    /// (RefCount.h: immortal, with the use-slow-RC bit).
    package var isImmortal: Bool { refcount == 0x8000_0004_ffff_ffff }

    /// Being destroyed, or freed and not yet overwritten: bit 32 of the refcount word (RefCount.h, IsDeinitingShift).
    package var isDying: Bool { !isImmortal && refcount >> 32 & 1 == 1 }

    /// Whether this can be a live task: a hit that fails is freed memory, a chance word, or of another layout.
    ///
    /// - Parameter isCode: whether an address lies in an executable mapping.
    package func isPlausible(isCode: (UInt64) -> Bool) -> Bool {
        flags & JobFlagBits.kind == 0 && status & ~TaskStatusBits.all == 0 && id != 0 && !isDying && isCode(resumeFunction)
    }
}
