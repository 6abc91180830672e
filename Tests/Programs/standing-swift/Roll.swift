import Foundation
import Synchronization

/// Who has taken its place: prints the truth, and `ready` once all that are expected have.
enum Roll {
    private struct State {
        var present = 0
        var expected = Int.max
    }
    private static let state = Mutex(State())

    /// Says that this many tasks will answer; `ready` follows when they have.
    static func expect(_ count: Int) {
        state.withLock { $0.expected = count }
        announceIfComplete()
    }

    /// Called by a task that is about to stand.
    static func answer(_ role: String) {
        let address = withUnsafeCurrentTask { task in
            task.map { unsafeBitCast($0, to: UInt.self) } ?? 0
        }
        write("task \(role) 0x" + String(address, radix: 16))
        state.withLock { $0.present += 1 }
        announceIfComplete()
    }

    /// Like `answer`, without a line, for crowds.
    static func arrive() {
        state.withLock { $0.present += 1 }
        announceIfComplete()
    }

    /// How many have answered so far.
    static var count: Int { state.withLock { $0.present } }

    private static func announceIfComplete() {
        let complete = state.withLock { state in
            guard state.present >= state.expected else { return false }
            state.expected = .max
            return true
        }
        guard complete else { return }
        // The last one that answered still has to reach its wait: give it a moment on a thread
        // of its own, so that nothing of it shows among the tasks.
        Thread.detachNewThread {
            usleep(50_000)
            write("ready")
        }
    }

    static func write(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}

/// Keeps things alive that nobody else would, so that what waits has a reason to.
final class Cabinet: Sendable {
    static let shared = Cabinet()
    private let contents = Mutex<[any Sendable]>([])
    func keep(_ thing: any Sendable) { contents.withLock { $0.append(thing) } }
}

/// Blocks the calling thread for ever, as synchronous code in a task does.
@inline(never)
func blockThread() {
    let semaphore = DispatchSemaphore(value: 0)
    semaphore.wait()
}

/// Waits for ever on a continuation that the cabinet holds and nobody resumes.
@inline(never)
func waitForNobody() async {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        Cabinet.shared.keep(continuation)
    }
}
