internal import CLinux
internal import Glibc
internal import Synchronization

/// Orders to a thread that sits in poll(2): each runs there, between two of its steps.
final class ThreadMailbox<Owner>: Sendable {
    private struct Order {
        var body: @Sendable (Owner) -> Void
        var done: CheckedContinuation<Void, Never>
    }

    private struct State {
        var orders: [Order] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Becomes readable when there are orders.
    let wakeDescriptor: CInt
    private let wakeWriter: CInt

    init() throws {
        var ends: [CInt] = [0, 0]
        let code = hs_stream_pipe(&ends, 0)
        guard code == 0 else { throw SocketError(call: "pipe2", number: -code) }
        wakeDescriptor = ends[0]
        wakeWriter = ends[1]
    }

    /// Returns once the thread has carried it out; false when the thread has ended instead.
    @discardableResult
    func perform(_ body: @escaping @Sendable (Owner) -> Void) async -> Bool {
        let ran = Atomic(false)
        await withCheckedContinuation { done in
            let isClosed = state.withLock { state in
                if !state.isClosed {
                    state.orders.append(
                        Order(
                            body: {
                                body($0)
                                ran.store(true, ordering: .relaxed)
                            }, done: done))
                    var byte: UInt8 = 1
                    // Under the lock: `close` closes the pipe under it too.
                    _ = write(wakeWriter, &byte, 1)
                }
                return state.isClosed
            }
            if isClosed { done.resume() }
        }
        return ran.load(ordering: .relaxed)
    }

    /// Called by the thread: carries out what is asked.
    func serve(_ owner: Owner) {
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(wakeDescriptor, &buffer, buffer.count) > 0 {}
        let orders = state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
        for order in orders {
            order.body(owner)
            order.done.resume()
        }
    }

    /// Called by the thread as its last act: nobody waits for it any more.
    func close() {
        let orders = state.withLock { state in
            state.isClosed = true
            defer { state.orders = [] }
            Glibc.close(wakeDescriptor)
            Glibc.close(wakeWriter)
            return state.orders
        }
        for order in orders { order.done.resume() }
    }
}

/// Starts a thread that nobody joins.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    // Buffers are on the heap: a quarter of a MiB of stack is plenty.
    pthread_attr_setstacksize(&attributes, 1 << 18)
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let code = pthread_create(
        &thread, &attributes,
        {
            // splice(2) to a closed socket raises SIGPIPE; there is no flag against it.
            hs_block_sigpipe()
            Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    pthread_attr_destroy(&attributes)
    if code != 0 { box.release() }
}
