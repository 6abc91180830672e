/// An event loop of asyncio that runs on a thread.
struct AsyncLoop {
    let address: UInt64
    let tid: Int32
    /// Timers that are due some day.
    let timers: Int
    /// Functions that will be called in the next round.
    let callbacks: [UInt64]
    /// Descriptors it listens to besides its own wake-up pipe.
    let descriptors: Int
    let hasSignalHandlers: Bool
    /// In its select, where it waits for events.
    let isWaiting: Bool
    /// Where it is none of asyncio's own.
    private(set) var libuv: LibuvLoop?

    /// One of uvloop, which is never shown to be dead: its timers and descriptors are libuv's.
    init?(libuv thread: PythonThread, _ objects: PythonObjects) {
        guard let loop = LibuvLoop(on: thread, objects) else { return nil }
        (address, tid, timers, descriptors, isWaiting) = (loop.address, thread.tid, 0, .max, false)
        callbacks = loop.callbacks
        hasSignalHandlers = loop.hasSignalHandlers
        libuv = loop
    }

    /// nil where the thread runs no loop of `asyncio.base_events`.
    init?(_ thread: PythonThread, _ objects: PythonObjects) {
        guard let round = thread.frames.first(where: { $0.isLibrary("asyncio/base_events.py", "BaseEventLoop._run_once") }),
            let loop = round.local("self", objects)
        else { return nil }
        let attributes = objects.attributes(of: loop)
        func value(_ name: String) -> UInt64? { attributes.first { $0.name == name }?.value }
        guard let scheduled = value("_scheduled"), let ready = value("_ready") else { return nil }
        address = loop
        tid = thread.tid
        timers = objects.list(scheduled).filter { handle in
            objects.attribute("_cancelled", of: handle).map { !objects.isTrue($0) } ?? true
        }.count
        callbacks = objects.deque(ready).prefix(4096).map { objects.attribute("_callback", of: $0) ?? $0 }
        // The wake-up pipe is one; a selector that shows none is not understood.
        let keys = value("_selector").flatMap { objects.attribute("_fd_to_key", of: $0) }.map { objects.pairs(of: $0).count }
        descriptors = keys.map { max(0, $0 - 1) } ?? .max
        hasSignalHandlers = value("_signal_handlers").map { !objects.pairs(of: $0).isEmpty } ?? false
        isWaiting = thread.frames.first.map { $0.code.isLibrary && $0.code.name.hasSuffix("Selector.select") && $0.code.file.hasSuffix("/selectors.py") } ?? false
    }

    /// Nothing can wake it but another thread of the process.
    var isDead: Bool { isWaiting && timers == 0 && callbacks.isEmpty && descriptors == 0 && !hasSignalHandlers }
}
