internal import ProcessInspection

/// An event loop of uvloop: an object written in C around a loop of libuv, of which no frame of Python tells.
struct LibuvLoop {
    private let objects: PythonObjects
    let address: UInt64
    private let native: UInt64

    private static let handleLimit = 20_000
    private static let words = 64
    /// Modules/_asynciomodule.c: its holder in the thread state's dictionary has the loop at 16.
    private static let note = "__asyncio_running_event_loop__"
    /// What an event loop calls of a protocol (Lib/asyncio/protocols.py), and what uvloop calls of a task's callbacks.
    static let calls: Set<String> = [
        "connection_made", "connection_lost", "data_received", "eof_received", "get_buffer", "buffer_updated", "datagram_received", "error_received",
        "pause_writing", "resume_writing", "pipe_data_received", "pipe_connection_lost", "process_exited", "set_result", "set_exception", "cancel",
    ]

    /// nil where the thread runs none.
    init?(on thread: PythonThread, _ objects: PythonObjects) {
        let words = (try? objects.memory.array(of: UInt64.self, at: thread.state, count: Self.words)) ?? []
        let dictionaries = words.filter { objects.type(of: $0)?.fullName == "dict" }
        let holder = dictionaries.lazy.compactMap { objects.item(named: Self.note, of: $0) }.first
        // Behind an extension type's head and its table of methods: the loop of libuv, which refers back to it (uvloop/loop.pyx).
        guard let loop = holder.flatMap({ objects.word($0 &+ 16) }), objects.type(of: loop)?.descends(from: "uvloop.loop.Loop") == true,
            let native = objects.word(loop &+ 24), PythonObjects.isPlausible(native), objects.word(native) == loop
        else { return nil }
        (self.objects, address, self.native) = (objects, loop, native)
    }

    /// What it keeps in fields of its own.
    private var fields: [UInt64] { LibuvHandle.fields(of: address, objects) }

    /// Functions that it will call in its next round: its deque has handles, whose fields have them.
    var callbacks: [UInt64] {
        fields.filter { objects.type(of: $0)?.name == "deque" }.flatMap(objects.deque).prefix(4096).flatMap { LibuvHandle.fields(of: $0, objects) }
            .filter { objects.type(of: $0)?.fullName == "function" }
    }

    var hasSignalHandlers: Bool {
        fields.filter { objects.type(of: $0)?.fullName == "dict" }.flatMap { objects.pairs(of: $0).prefix(64) }
            .contains { objects.integer($0.key) != nil && objects.type(of: $0.value)?.fullName == "uvloop.loop.Handle" }
    }

    /// Objects of its timers, connections and whatever else libuv may call: that has them, nobody else need.
    ///
    /// uv_loop_t (libuv's uv.h): handle_queue 16, active_reqs 32; uv_handle_t: data 0, loop 8, handle_queue 32.
    ///
    /// - Returns: nil where requests are under way, such as names to be resolved, whose objects are not found so.
    var handles: [UInt64]? {
        guard let requests = objects.half(native &+ 32), requests == 0 else { return nil }
        var found: [UInt64] = []
        var next = objects.word(native &+ 16) ?? 0
        while next != native &+ 16 {
            let handle = next &- 32
            guard PythonObjects.isPlausible(handle), objects.word(handle &+ 8) == native, found.count < Self.handleLimit else { return nil }
            found.append(objects.word(handle) ?? 0)
            next = objects.word(next) ?? 0
        }
        return found
    }
}

/// A transport of uvloop around a handle of libuv, which refers back to it.
struct LibuvHandle {
    private static let size = 1024

    /// The descriptor of its connection or pipe; of a transport with TLS that of the one beneath.
    static func descriptor(of transport: UInt64, _ objects: PythonObjects) -> Int32? {
        guard objects.type(of: transport)?.lineage.contains(where: { $0.hasPrefix("uvloop.loop.") }) == true else { return nil }
        if let descriptor = stream(transport, objects) { return descriptor }
        func fields(_ object: UInt64, of name: String) -> [UInt64] { self.fields(of: object, objects).filter { objects.type(of: $0)?.descends(from: "uvloop.loop." + name) == true } }
        return fields(transport, of: "SSLProtocol").prefix(1).flatMap { fields($0, of: "UVStream") }.lazy.compactMap { stream($0, objects) }.first
    }

    /// uv_stream_t (libuv's uv.h, uv/unix.h): data 0, type 16, io_watcher 136 with its descriptor at 48.
    private static func stream(_ transport: UInt64, _ objects: PythonObjects) -> Int32? {
        guard let handle = objects.word(transport &+ 24), PythonObjects.isPlausible(handle), objects.word(handle) == transport,
            let type = objects.half(handle &+ 16), [namedPipe, tcp].contains(type), let descriptor = objects.half(handle &+ 136 &+ 48)
        else { return nil }
        return Int32(bitPattern: descriptor) >= 0 ? Int32(bitPattern: descriptor) : nil
    }

    /// uv_handle_type.
    private static let (namedPipe, tcp): (UInt32, UInt32) = (7, 12)

    /// Objects among the fields of one whose type is written in C.
    static func fields(of object: UInt64, _ objects: PythonObjects) -> [UInt64] {
        guard let type = objects.type(of: object), type.basicSize > 24 else { return [] }
        let words = (try? objects.memory.array(of: UInt64.self, at: object &+ 24, count: (min(type.basicSize, size) - 24) / 8)) ?? []
        return words.filter { objects.type(of: $0) != nil }
    }
}
