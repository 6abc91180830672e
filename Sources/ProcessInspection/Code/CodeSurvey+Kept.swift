internal import Evidence

/// Main threads that wait at an object of their own of which nobody else was ever told.
extension CodeSurvey {
    /// How far before what a thread waits at the object may begin that it is a part of.
    private static let object_bytes: UInt64 = 512

    /// Whether a main thread waits at what was made for that alone, so that it only keeps the process alive: no word in memory refers to it but its own stack's,
    /// and none of the functions that know of it did anything before by which it could have been handed to others, and dropped by those.
    func keepsToItself(_ main: ThreadRecord) -> Bool {
        guard let object = main.wait?.futex?.objectAddress, object != 0, main.stack.status == .complete, let copy = context.copies.first(where: { $0.tid == main.tid }),
            let maps = try? context.target.proc.maps(), let home = maps.containing(object), home.isWritable, !home.isShared,
            let stack = maps.containing(copy.stackPointer)
        else { return false }
        let frames = main.stack.elements.filter { !$0.isInlined }
        let ends = Self.ends(of: frames, in: copy)
        let scan = ReferenceScan(pid: context.target.pid, memory: context.target.memory, maps: maps, deadline: deadline)
        // Who has what lies on the heap cannot be told: a register that keeps its address may be saved in the frame of a function further inside.
        let known: (low: UInt64, row: Int)? = stack.start == home.start ? onStack(object, copy, ends) : home.path == "[heap]" ? nil : ofFile(object, frames)
        guard let (low, row) = known, row < frames.count else { return false }
        let own = [stack.start..<stack.end] + left(main, maps) + context.copies.filter { $0.tid == main.tid }.compactMap { $0.threadPointer.map { $0..<max($0, $0 &+ Self.control_bytes) } }
        guard !isKnown(low...object, to: context.copies.filter { $0.tid != main.tid }), scan.refers(low: low, high: object, besides: own) == false else { return false }
        let knowing = reach.program(Array(frames[...row]))
        return !knowing.isEmpty && !reach.mayHandOut(knowing) && !(main.wait?.futex?.object == .semaphore && reach.waitsAgain(knowing[0]))
    }

    /// What functions that have returned left on the stacks of others.
    private func left(_ main: ThreadRecord, _ maps: [MemoryMapping]) -> [Range<UInt64>] {
        context.threads.elements.compactMap { thread in
            guard thread.tid != main.tid, let pointer = thread.syscall?.stackPointer, let stack = maps.containing(pointer), pointer - stack.start > Self.redZone else { return nil }
            return max(stack.start, pointer - min(pointer, Self.stack_bytes))..<pointer - Self.redZone
        }
    }

    /// RLIMIT_STACK as most systems have it (pthread_create(3)).
    private static let stack_bytes: UInt64 = 8 << 20
    /// System V ABI, AMD64: below the stack pointer of a function that calls no other.
    private static let redZone: UInt64 = 128

    /// struct pthread (glibc nptl/descr.h), in which a thread notes what is to be done if it is cancelled.
    private static let control_bytes: UInt64 = 0x900

    private func isKnown(_ object: ClosedRange<UInt64>, to copies: [ThreadCopy]) -> Bool {
        copies.contains { copy in copy.registers.enumerated().contains { copy.known & (1 << UInt32($0.offset)) != 0 && object.contains($0.element) } }
    }

    private func onStack(_ object: UInt64, _ copy: ThreadCopy, _ ends: [UInt64]) -> (UInt64, Int)? {
        guard object >= copy.stackPointer, let row = ends.firstIndex(where: { object < $0 }) else { return nil }
        return (max(object &- Self.object_bytes, row > 0 ? ends[row - 1] : copy.stackPointer), row)
    }

    /// A variable of the program's file: only functions that the thread is in name it.
    private func ofFile(_ object: UInt64, _ frames: [Frame]) -> (UInt64, Int)? {
        // What begins with zeros lies behind the file's own mappings.
        guard let module = context.modules.modules.first, let variable = module.image.extent(ofObjectAt: object &- module.bias)?.range, variable.contains(object &- module.bias) else { return nil }
        let low = variable.lowerBound &+ module.bias
        // What is rarely run of a function is one of its own (`.cold`).
        let own = frames.map { frame in reach.function(ofFrameAt: frame.programCounter).map { Self.name(of: $0) } }
        guard let naming = reach.functions(naming: low...object).map({ Set($0.map(Self.name)) }), let row = own.lastIndex(where: { $0.map(naming.contains) == true }) else { return nil }
        return naming.isSubset(of: own.compactMap(\.self)) ? (low, row) : nil
    }

    private static func name(of code: FunctionCode) -> Substring { code.symbol.prefix { $0 != "." } }

    /// Behind the return address of each frame, by which it leads to the next; of as many as are found.
    private static func ends(of frames: [Frame], in copy: ThreadCopy) -> [UInt64] {
        var ends: [UInt64] = []
        for (place, word) in words(of: copy) where ends.count + 1 < frames.count && word == frames[ends.count + 1].programCounter { ends.append(place &+ 8) }
        return ends
    }

    private static func words(of copy: ThreadCopy) -> [(place: UInt64, word: UInt64)] {
        copy.stack.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count - 7, by: 8).map { (copy.stackStart &+ UInt64($0), bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)) }.filter { $0.0 >= copy.stackPointer }
        }
    }
}
