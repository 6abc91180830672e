internal import CLinux
internal import Synchronization

/// Work that only gets a processor nobody else wants while threads are being copied: one that is to stop needs a processor for that, and
/// whoever has it then holds it up. Once `hurry` is called it is work like any other.
final class Aside: Sendable {
    private struct State {
        var isHurried = false
        /// Threads of ours that are at such work.
        var workers: Set<Int32> = []
    }
    private let state = Mutex(State())

    func run(_ body: () -> Void) {
        let worker = hs_thread_id()
        let isAside = state.withLock { state in
            guard !state.isHurried, hs_step_aside() == 0 else { return false }
            state.workers.insert(worker)
            return true
        }
        defer {
            if isAside { state.withLock { if $0.workers.remove(worker) != nil { hs_step_back(worker) } } }
        }
        body()
    }

    func hurry() {
        state.withLock { state in
            state.isHurried = true
            for worker in state.workers { hs_step_back(worker) }
            state.workers = []
        }
    }
}
