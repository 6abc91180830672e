import Evidence
import Testing

@testable import ProcessInspection

/// Who holds a lock that does not say so, by what lies on the stacks.
@Suite struct GuardSearchTests {
    private static let lock: UInt64 = 0x7000_0010

    /// A thread in `function`, called by `caller`, each with eight words of stack.
    private struct Stack {
        var tid: Int32
        var waits = false
        var inner: [UInt64] = []
        var outer: [UInt64] = []
    }

    private func shown(_ stacks: [Stack], readers: Int? = nil) -> (holders: [Int32], referring: [Int32]?) {
        var records: [ThreadRecord] = []
        var copies: [ThreadCopy] = []
        var frames: [Int32: [UInt64]] = [:]
        for stack in stacks {
            var record = ThreadRecord(pid: 1, tid: stack.tid, name: "t", state: "S")
            record.stack = .complete([
                Frame(programCounter: 1, function: "futex_wait", module: "/usr/lib/libc.so.6"), Frame(programCounter: 2, function: "inner", module: "/app"),
                Frame(programCounter: 3, function: "outer", module: "/app"),
                Frame(programCounter: 4, function: "clone3", module: "/usr/lib/libc.so.6"),
            ])
            if stack.waits {
                record.wait = ThreadWait(kind: .futex)
                record.wait?.futex = FutexWait(address: Self.lock, operation: 0, object: readers == nil ? .mutex : .readWriteLock)
                record.wait?.futex?.count = readers
            }
            records.append(record)
            let base = UInt64(stack.tid) << 20
            var copy = ThreadCopy(tid: stack.tid)
            copy.stackStart = base
            let words = [UInt64](repeating: 9, count: 4) + (stack.inner + [UInt64](repeating: 9, count: 8)).prefix(8) + (stack.outer + [UInt64](repeating: 9, count: 8)).prefix(8)
            copy.stack = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
            copies.append(copy)
            frames[stack.tid] = [base, base + 32, base + 96, base + 160]
        }
        GuardSearch.search(&records, copies, frames: frames)
        let futex = records.first { $0.wait != nil }?.wait?.futex
        return (futex?.onStacksOf ?? [], futex?.knownTo)
    }

    @Test func aGuardTellsMoreThanAReference() {
        let found = shown([Stack(tid: 1, waits: true, inner: [Self.lock]), Stack(tid: 2, outer: [Self.lock, 0]), Stack(tid: 3, outer: [Self.lock, 77])])
        #expect(found.holders == [2])
    }

    @Test func aReadersGuardLiesBesideTheData() {
        for words in [[Self.lock + 16, Self.lock], [Self.lock, Self.lock + 12]] {
            let stacks = [Stack(tid: 1, waits: true, inner: [Self.lock]), Stack(tid: 2, outer: words), Stack(tid: 3, outer: [77, Self.lock, 0])]
            #expect(shown(stacks, readers: 1).holders == [2] && shown(stacks).holders.contains(3))
        }
    }

    @Test func theWaiterHoldsItItselfWhereItsCallersHaveIt() {
        #expect(shown([Stack(tid: 1, waits: true, inner: [Self.lock], outer: [Self.lock, 1]), Stack(tid: 2, outer: [Self.lock - 16])]).holders == [1])
        #expect(shown([Stack(tid: 1, waits: true, inner: [Self.lock, 0])]).holders.isEmpty)
    }

    @Test func whatEverybodyRefersToShowsNobody() {
        let found = shown([Stack(tid: 1, waits: true, outer: [Self.lock - 16]), Stack(tid: 2, outer: [Self.lock - 16])])
        #expect(found.holders.isEmpty && found.referring == [1, 2])
    }

    /// What all were given further out, only one has in the function that takes it as well, and does not wait for it.
    @Test func whoDoesNotWaitWhereTheOthersDoHoldsIt() {
        let waiters = [1, 2].map { Stack(tid: $0, waits: true, inner: [Self.lock], outer: [Self.lock, 0]) }
        #expect(shown(waiters + [Stack(tid: 3, inner: [Self.lock, 77], outer: [Self.lock, 0])]).holders == [3])
        #expect(shown(waiters + [Stack(tid: 3, outer: [Self.lock, 0])]).holders == [1, 2, 3])
        let rivals = [Stack(tid: 3, inner: [Self.lock, 77], outer: [Self.lock, 0]), Stack(tid: 4, outer: [Self.lock, 0])]
        #expect(shown(waiters + rivals).holders == [1, 2, 3, 4])
    }
}
