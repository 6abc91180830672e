internal import Evidence
internal import ProcessInspection

/// The connections of SwiftNIO's event loops, and the waiting tasks that each of them leads to: its handlers hold their
/// promises and continuations.
///
/// An event loop has a selector with a dictionary of its channels (NIOPosix: SelectableEventLoop, Selector); a channel has a
/// socket, whose descriptor is its first field (BaseSocket.swift), and leads through its pipeline to its handlers. A task counts as a
/// channel's only where no other channel leads to it, or only by two references more, as words left over behind a closure's
/// captures do, and where all channels could be followed to their ends.
struct NIOChannels {
    let search: LivenessSearch
    /// By task: the descriptor of the one channel that leads to it.
    private var descriptors: [Int: Int32] = [:]
    /// By descriptor: bytes of an HTTP answer under way that have not come.
    private(set) var missing: [Int32: UInt64] = [:]
    /// By descriptor: the method of the request that has something done, whose answer, of a length that was not told, is under way.
    private(set) var methods: [Int32: String] = [:]
    /// By descriptor: the thread that runs the event loop which watches the connection.
    private(set) var watchers: [Int32: Int32] = [:]
    /// By descriptor, where a decoder was found: whether none of them keeps a part of a message.
    private(set) var decoded: [Int32: Bool] = [:]
    /// Descriptors on which an HTTP answer is under way whose head told no length, and of which no decoder keeps bytes.
    private var open: Set<Int32> = []

    /// Tasks that wait for a connection to be closed.
    private(set) var closing: Set<Int> = []
    /// By the address of a future that a thread waits for: what leads to it.
    private(set) var futures: [UInt64: FutureLead] = [:]

    private static let maximumChannels = 512
    private static let maximumObjects = 1 << 14
    private static let maximumObject_bytes = 1 << 16
    /// A request's promise lies ten references away from its channel at most: channel, pipeline, contexts, handler, request,
    /// task, future, its callbacks, and closures.
    static let maximumDepth = 14
    /// By so many references another channel has to be further away.
    private static let margin = 2

    /// What many channels share: to pass through it would lead from each to all.
    private static let shared: Set<String> = [
        "SocketChannel", "ServerSocketChannel", "PipeChannel", "DatagramChannel", "SelectableEventLoop", "MultiThreadedEventLoopGroup", "NIOThreadPool",
        "HTTPConnectionPool", "HTTPConnectionPool.Manager", "HTTPClient", "Pool", "PooledBuffer.BackingStorage", "Box",
        "Logger.Storage",
    ]
    /// Modules in which an object belongs to one request or one connection, besides those that begin with `NIO`.
    private static let libraries: Set<String> = ["AsyncHTTPClient", "PostgresNIO", "MySQLNIO", "RediStack", "Valkey", "GRPC", "WebSocketKit", "Swift", "_Concurrency"]

    /// An object on the way from a channel.
    struct Step {
        var object: UInt64
        var depth: Int
        /// How many objects of the program's own classes were passed.
        var own: Int
    }

    init(search: LivenessSearch, loops: EventLoops) {
        self.search = search
        var leading: [Int: [(depth: Int, descriptor: Int32)]] = [:]
        // Words left over from one loop may lead to another's connections: each connection counts once.
        let watched = loops.runners.flatMap { loop, tid in channels(of: loop).map { (channel: $0, tid: tid) } }
        let connections = Dictionary(watched.map { ($0.channel.address, $0.channel) }) { first, _ in first }.values.sorted { $0.address < $1.address }
        guard !connections.isEmpty, connections.count <= Self.maximumChannels else { return }
        for channel in connections {
            guard let led = led(by: channel.address) else { return }
            missing[channel.descriptor] = led.missing_bytes
            methods[channel.descriptor] = led.method
            let loops = Set(watched.filter { $0.channel.address == channel.address }.map(\.tid))
            watchers[channel.descriptor] = loops.count == 1 ? loops.first : nil
            decoded[channel.descriptor] = led.isPartial.map { !$0 }
            if led.isOpenAnswer, !led.keepsBytes { open.insert(channel.descriptor) }
            closing.formUnion(closers(of: channel.address))
            for (task, depth) in led.tasks { leading[task, default: []].append((depth, channel.descriptor)) }
        }
        descriptors = leading.compactMapValues(Self.nearest)
    }

    /// The one channel that leads to something, or that is nearer to it than all others by so much that those need not be meant.
    static func nearest(_ leading: [(depth: Int, descriptor: Int32)]) -> Int32? {
        let nearest = leading.sorted { $0.depth < $1.depth }
        guard let first = nearest.first, nearest.count == 1 || nearest[1].depth - first.depth >= margin else { return nil }
        return first.descriptor
    }

    /// Looks what leads to the futures that threads wait for: connections, and work that loops were given to do later.
    mutating func follow(to wanted: Set<UInt64>, loops: EventLoops) {
        let loops = loops.runners.keys.sorted()
        var connections: [UInt64: Int32] = [:]
        for loop in loops { for channel in channels(of: loop) { connections[channel.address] = channel.descriptor } }
        guard connections.count <= Self.maximumChannels else { return }
        futures = leads(to: wanted, from: connections, loops: loops)
        for (future, lead) in futures {
            guard let descriptor = lead.descriptor else { continue }
            futures[future]?.isInputDecoded = open.contains(descriptor) ? nil : decoded[descriptor]
            futures[future]?.answerMissing_bytes = missing[descriptor]
            futures[future]?.answersTo = methods[descriptor]
        }
    }

    func descriptor(ofTask task: Int) -> Int32? { descriptors[task] }

    /// The connections that a loop watches: loop, selector, dictionary, channel.
    private func channels(of loop: UInt64) -> [(address: UInt64, descriptor: Int32)] {
        var found: [(UInt64, Int32)] = []
        for selector in objects(in: loop) where name(selector) == "Selector" {
            for storage in objects(in: selector) where !Self.shared.contains(name(storage) ?? "") {
                for channel in objects(in: storage) where name(channel) == "SocketChannel" {
                    guard let socket = objects(in: channel).first(where: { name($0) == "Socket" }), let descriptor = search.reader.live.half(socket &+ 16),
                        descriptor < 1 << 24
                    else { continue }
                    found.append((channel, Int32(descriptor)))
                }
            }
        }
        return found
    }

    /// What a channel leads to.
    private struct Led {
        /// Waiting tasks, with how many references away they are.
        var tasks: [Int: Int] = [:]
        var missing_bytes: UInt64?
        var isOpenAnswer = false
        /// Of the requests that its handlers hold.
        var methods: Set<String?> = []
        /// Whether a decoder is within a message; nil where there is none.
        var isPartial: Bool?
        /// Whether a decoder keeps bytes that it could not take yet.
        var keepsBytes = false
        var method: String? { isOpenAnswer && methods.count == 1 ? methods.first ?? nil : nil }
    }

    /// nil when there is more than can be followed.
    private func led(by channel: UInt64) -> Led? {
        var led = Led()
        /// Those that wait for a stream's next element.
        var readers: [Int: Int] = [:]
        let isWhole = walk(from: [channel]) { step, words in
            if name(step.object) == HTTPMessageParser.className, let parser = HTTPMessageParser(at: step.object, memory: search.reader.live) {
                led.missing_bytes = parser.missingOfAnswer_bytes ?? led.missing_bytes
                led.isOpenAnswer = led.isOpenAnswer || parser.isOpenAnswer
                led.isPartial = led.isPartial == true || parser.isOpenAnswer || parser.missingOfAnswer_bytes != nil
            }
            if name(step.object) == DecoderBuffer.className, let keeps = DecoderBuffer.keepsBytes(at: step.object, memory: search.reader.live, name: name) {
                led.isPartial = led.isPartial == true || keeps
                led.keepsBytes = led.keepsBytes || keeps
            }
            if name(step.object) == HTTPRequestMethod.className { led.methods.insert(HTTPRequestMethod.read(at: step.object, memory: search.reader.live)) }
            for task in words.compactMap({ search.reader.kin.indices[$0] }) {
                if led.tasks[task] == nil, isHeld(task, by: step) { led.tasks[task] = step.depth }
                if readers[task] == nil, isRead(task, by: step) { readers[task] = step.depth }
            }
        }
        guard isWhole else { return nil }
        // A stream may be anything's; what comes while an answer is under way is the answer.
        if led.missing_bytes != nil || led.method != nil { led.tasks.merge(readers) { task, _ in task } }
        return led
    }

    /// Visits what some objects lead to, nearest first, and again by a longer way that passes fewer objects of the program's own; false when there is more than can be followed.
    func walk(from starts: [UInt64], besides barred: Set<UInt64> = [], upTo depth: Int = maximumDepth, _ visit: (Step, _ words: [UInt64]) -> Void) -> Bool {
        /// The fewest objects of the program's own on any way so far.
        var seen = Dictionary(barred.union(starts).map { ($0, 0) }) { first, _ in first }
        var steps = starts.map { Step(object: $0, depth: 0, own: 0) }
        var next = 0
        while next < steps.count {
            let step = steps[next]
            next += 1
            guard steps.count <= Self.maximumObjects, ContinuousClock.now < search.reader.deadline else { return false }
            let words = words(in: step.object)
            visit(step, words)
            guard step.depth < depth else { continue }
            for word in words where search.reader.kin.indices[word] == nil {
                guard let start = start(word), step.own < seen[start] ?? .max, isPrivate(start) else { continue }
                let isLibrary = search.reader.types.module(ofObject: start).map { $0.hasPrefix("NIO") || Self.libraries.contains($0) } ?? true
                let own = step.own + (isLibrary ? 0 : 1)
                guard own < seen[start] ?? .max else { continue }
                seen[start] = own
                steps.append(Step(object: start, depth: step.depth + 1, own: own))
            }
        }
        return true
    }

    /// Futures of its own that a channel keeps are those of its end and, until it is, of its being connected (BaseSocketChannel.swift: `closePromise`, `pendingConnect`); a
    /// callback of such a future holds the continuation of whoever awaits it.
    private func closers(of channel: UInt64) -> Set<Int> {
        var found: Set<Int> = []
        var objects = objects(in: channel).filter { name($0) == "EventLoopFuture" }
        var seen = Set(objects + [channel])
        for _ in 0..<Self.closerDepth {
            var next: [UInt64] = []
            for object in objects {
                guard seen.count <= Self.maximumObjects, ContinuousClock.now < search.reader.deadline else { return [] }
                for word in words(in: object) {
                    if let task = search.reader.kin.indices[word] {
                        if search.reader.libraryWait(task) == .eventLoopFuture, isContinued(task, by: Step(object: object, depth: 0, own: 0)) { found.insert(task) }
                    } else if let start = start(word), isPrivate(start), name(start) != "EventLoopFuture", seen.insert(start).inserted {
                        next.append(start)
                    }
                }
            }
            objects = next
        }
        return found
    }

    private static let closerDepth = 5

    /// A checked continuation is held by its canary; whatever else refers to its task holds a handle of it.
    private func isContinued(_ task: Int, by step: Step) -> Bool {
        guard case .continuation? = search.reader.dependencies[task] else { return false }
        return search.canaryOf[task] ?? step.object == step.object
    }

    private func isRead(_ task: Int, by step: Step) -> Bool {
        isContinued(task, by: step) && step.own == 0 && search.reader.libraryWait(task) == .stream
    }

    private func isHeld(_ task: Int, by step: Step) -> Bool {
        guard isContinued(task, by: step) else { return false }
        switch search.reader.libraryWait(task) {
        case .eventLoopFuture: return true
        // One object of the program's own on the way may be its handler; what lies behind two is its business.
        case nil: return step.own <= 1
        default: return false
        }
    }

    /// Objects and closures only: in other memory lies what was there before.
    private func isPrivate(_ start: UInt64) -> Bool {
        guard search.taskMemory.owner(of: start) == nil, let name = search.typeName(at: start) else { return false }
        return !Self.shared.contains(name)
    }

    private func words(in object: UInt64) -> [UInt64] {
        guard let allocation = search.reachable.allocation(at: object) else { return [] }
        var size = min(Int(allocation.upperBound - object), Self.maximumObject_bytes)
        // Behind an array's elements lies what was there before: {metadata, refcount, count, capacity * 2 ...}, ContiguousArrayBuffer.swift.
        if name(object) == "_ContiguousArrayStorage", let (count, capacity) = search.reader.live.pair(object &+ 16), capacity > 1, count < 1 << 32 {
            let stride = (size - 32) / max(1, Int(capacity >> 1 & 0xffff_ffff))
            size = min(size, 32 + Int(count) * max(8, stride))
        }
        // Behind an object's fields as well, up to malloc's next multiple of 16; arrays, dictionaries and boxed values have elements there.
        if let name = name(object), !name.hasPrefix("_"), !name.hasSuffix("Storage"), !name.hasSuffix("Buffer"),
            let instance = search.reader.types.instanceSize(ofObject: object), instance <= size, size - instance < 16
        {
            size = instance
        }
        guard let bytes = try? search.reader.live.bytes(at: object, upTo: size) else { return [] }
        return Set(bytes.words.map { $0.withoutSpareBits }).sorted()
    }

    func objects(in object: UInt64) -> [UInt64] { Set(words(in: object).compactMap(start)).sorted() }

    private func start(_ word: UInt64) -> UInt64? { word > 4096 ? search.reachable.allocation(at: word)?.lowerBound : nil }

    func name(_ object: UInt64) -> String? { search.reader.types.ofObject(at: object) }
}
