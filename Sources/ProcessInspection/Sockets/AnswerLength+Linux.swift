internal import CLinux
internal import Evidence

/// How long the answer is that a client reads, where its head told (RFC 9112, 6.3: Content-Length): by what of that lies in the client's memory, and how many
/// bytes have come by the kernel's count. A subscription has no length, and who waits for more of an answer is owed that.
///
/// Memory keeps what was there before: counted is only the one length that neither what came nor what was sent can have filled, of a process with one
/// connection that it could be of.
struct AnswerLength {
    private static let maximumMemory_bytes: UInt64 = 96 << 20
    private static let chunk_bytes = 1 << 20
    private static let overlap_bytes = 64
    /// Fuller segments than messages and events have: those of a body, by the usual MTU of 1500 bytes, and many of them.
    private static let bulk_bytes: UInt64 = 1400
    private static let body_bytes: UInt64 = 64 << 10
    /// More lengths than these are nobody's.
    private static let maximumPlaces = 256
    private static let maximumRequests: UInt64 = 16
    /// Who asks within so long of its own beginning has read no other answer's length.
    private static let beginning_s = 2.0

    let memory: any MemoryReader
    let mappings: [MemoryMapping]
    let deadline: ContinuousClock.Instant

    /// Says of the threads that read an answer what of it is still to come.
    static func complete(_ threads: inout [ThreadRecord], _ sockets: [SocketRecord], _ descriptors: [Descriptor], of target: CaptureTarget, _ make: () -> AnswerLength?) {
        let pid = target.pid
        let clients = sockets.filter { $0.owners.contains { $0.pid == pid } && $0.transport == .tcp && $0.state == .established && $0.wasAccepted != true && $0.tcp.map { $0.bytesReceived > 0 } == true }
        guard clients.count == 1, let socket = clients.first, let tcp = socket.tcp, socket.receiveQueue == 0, tcp.bytesSent > 0, tcp.dataSegmentsOut <= maximumRequests,
            case let (stands, trickles) = (tcp.lastDataReceived_ms >= 500, Self.trickles(tcp, to: target)), stands || trickles
        else { return }
        // What it answers itself has lengths as well.
        guard !sockets.contains(where: { $0.transport == .tcp && ($0.state == .listening || $0.wasAccepted == true) && $0.owners.contains { $0.pid == pid } }) else { return }
        let own = Set(descriptors.filter { $0.pid == pid && $0.kind == .socket && $0.inode == socket.inode }.map(\.fd))
        let readers = threads.indices.filter { row in
            let thread = threads[row]
            guard thread.pid == pid, let wait = thread.wait, wait.kind == .descriptors, wait.owedRest == nil else { return false }
            return wait.descriptors?.contains { own.contains($0.fd) && $0.operation != .write } == true
        }
        guard readers.count == 1, let row = readers.first else { return }
        // Loops keep connections between two requests as well, and who goes on to read may read news: there the answer itself must lie as it came.
        let isStrict = threads[row].syscall?.name.hasPrefix("epoll") == true || threads[row].codeAhead?.exchange == .receives
        guard let answer = make() else { return }
        if stands, let missing = answer.missing_bytes(tcp, isStrict: isStrict) {
            threads[row].wait?.owedRest = "\(missing) bytes of the length that its head told"
            threads[row].wait?.owedRest_bytes = missing
        } else if trickles, !isStrict {
            threads[row].wait?.owedRest_bytes = answer.missingOfOnly_bytes(tcp)
        }
    }

    /// Whether all that came on a connection came a few bytes at a time, in answer to its one request, which a client sent that had just begun.
    private static func trickles(_ tcp: TCPInfo, to target: CaptureTarget) -> Bool {
        guard tcp.dataSegmentsOut == 1, tcp.dataSegmentsIn >= 4, tcp.bytesReceived / tcp.dataSegmentsIn <= TCPInfo.trickle_bytes, let stat = try? target.proc.stat() else { return false }
        return (0...beginning_s).contains(HostFacts.clocks().boottime_s - tcp.lastDataSent_ms / 1000 - stat.started_s)
    }

    /// Of the one answer that a client has read a length of, where that lies in memory with the body that came: one to HEAD, or of a connection that is closed, has none.
    private func missingOfOnly_bytes(_ tcp: TCPInfo) -> UInt64? {
        guard let places = found(longerThan: max(tcp.bytesReceived, tcp.bytesSent), without: Self.endless + Self.inChunks), let length = places.first?.length, places.allSatisfy({ $0.length == length }),
            places.contains(where: { lies($0.head, tcp.bytesReceived) })
        else { return nil }
        return length - tcp.bytesReceived
    }

    private func missing_bytes(_ tcp: TCPInfo, isStrict: Bool) -> UInt64? {
        guard let places = found(longerThan: max(tcp.bytesReceived, tcp.bytesSent)), let length = places.first?.length, places.allSatisfy({ $0.length == length }) else { return nil }
        let isBulk = !isStrict && tcp.dataSegmentsIn > 0 && tcp.bytesReceived >= Self.body_bytes && tcp.bytesReceived / tcp.dataSegmentsIn >= Self.bulk_bytes
        return isBulk || places.contains { endsWithWhatCame($0.head, tcp.bytesReceived, hasBody: isStrict) } ? length - tcp.bytesReceived : nil
    }

    /// Whether an answer lies there from its first byte to the last that came, and nothing behind it; and some of its body with it, where one to HEAD, which has a
    /// length and no body, could be read.
    private func endsWithWhatCame(_ head: UInt64?, _ received: UInt64, hasBody: Bool) -> Bool {
        guard let bytes = answer(head, received, andBehind: 1), case let end = bytes.suffix(5), end[end.endIndex - 2] != 0, end.last == 0 else { return false }
        return !hasBody || Self.count(Self.answer, in: bytes) == 1 && end.prefix(4) != Self.headEnd[...]
    }

    /// Whether text lies there from an answer's first byte to at least the last that came, with some of its body, and no other answer among it.
    private func lies(_ head: UInt64?, _ received: UInt64) -> Bool {
        guard let bytes = answer(head, received), !bytes.contains(0) else { return false }
        return Self.count(Self.answer, in: bytes) == 1 && Self.count(Self.headEnd, in: bytes.dropLast()) > 0
    }

    private func answer(_ head: UInt64?, _ received: UInt64, andBehind behind: Int = 0) -> [UInt8]? {
        guard let head, received > 16, received < 1 << 20 else { return nil }
        return try? memory.array(of: UInt8.self, at: head, count: Int(received) + behind)
    }

    private static func count(_ needle: [UInt8], in bytes: some Collection<UInt8>) -> Int {
        Array(bytes).withUnsafeBytes { bytes in
            var (count, from) = (0, 0)
            while let next = first(needle, in: bytes, from: from) { (count, from) = (count + 1, next + needle.count) }
            return count
        }
    }

    // MARK: Memory

    struct Place: Hashable {
        var length: UInt64
        /// Where the answer begins whose head it is part of, if that lies before it.
        var head: UInt64?
    }

    /// nil where there is more than can be looked through, or an answer without a length is read.
    private func found(longerThan least: UInt64, without endless: [[UInt8]] = endless) -> [Place]? {
        let writable = mappings.filter { $0.isWritable && $0.isReadable && !$0.isShared }
        guard writable.reduce(0, { $0 &+ ($1.end - $1.start) }) <= Self.maximumMemory_bytes else { return nil }
        var places: [Place] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk_bytes, alignment: 16)
        defer { buffer.deallocate() }
        for mapping in writable {
            var address = mapping.start
            while address < mapping.end {
                guard ContinuousClock.now < deadline else { return nil }
                let wanted = Int(min(UInt64(Self.chunk_bytes), mapping.end - address))
                guard let count = try? memory.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])) else { break }
                let chunk = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                if endless.contains(where: { Self.first($0, in: chunk, from: 0) != nil }) { return nil }
                places += Self.lengths(in: chunk, at: address).filter { $0.length > least }
                guard places.count <= Self.maximumPlaces else { return nil }
                guard count == wanted, count > Self.overlap_bytes else { break }
                address += UInt64(count == Self.chunk_bytes ? count - Self.overlap_bytes : count)
            }
        }
        return places
    }

    /// What answers say that have no length: news, and connections that are given to another protocol.
    private static let endless = ["text/event-stream", "HTTP/1.1 101 "].map { Array($0.utf8) }
    /// And where one was told in pieces, it was told without.
    private static let inChunks = ["ransfer-Encoding: chunked", "ransfer-encoding: chunked"].map { Array($0.utf8) }
    private static let name = Array("ontent-".utf8)
    private static let answer = Array("HTTP/1.".utf8)
    private static let headEnd = Array("\r\n\r\n".utf8)
    private static let maximumHead_bytes = 4096

    /// Whole lines of a head, or name and value apart, as clients keep them.
    static func lengths(in chunk: UnsafeRawBufferPointer, at address: UInt64) -> [Place] {
        var found: [Place] = []
        var from = 0
        while let place = first(name, in: chunk, from: from) {
            from = place + name.count
            guard place > 0, [UInt8(ascii: "C"), UInt8(ascii: "c")].contains(chunk[place - 1]), from + 6 < chunk.count,
                String(decoding: chunk[from..<from + 6], as: UTF8.self).lowercased() == "length"
            else { continue }
            var at = from + 6
            guard at < chunk.count, chunk[at] == UInt8(ascii: ":") || chunk[at] == 0 else { continue }
            at += 1
            while at < chunk.count, chunk[at] == UInt8(ascii: " ") { at += 1 }
            let digits = chunk[at...].prefix(19).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty, digits.count < 19, digits.endIndex < chunk.count, [13, 10, 0].contains(chunk[digits.endIndex]) else { continue }
            guard found.count < maximumPlaces, let length = UInt64(String(decoding: digits, as: UTF8.self)) else { break }
            found.append(Place(length: length, head: head(before: place, in: chunk).map { address &+ UInt64($0) }))
        }
        return found
    }

    /// The last answer's beginning before a place, if no head ends in between.
    private static func head(before place: Int, in chunk: UnsafeRawBufferPointer) -> Int? {
        var (from, last) = (max(0, place - maximumHead_bytes), Int?.none)
        while let next = first(answer, in: UnsafeRawBufferPointer(rebasing: chunk[..<place]), from: from) { (from, last) = (next + answer.count, next) }
        return last.flatMap { first(headEnd, in: UnsafeRawBufferPointer(rebasing: chunk[..<place]), from: $0) == nil ? $0 : nil }
    }

    private static func first(_ needle: [UInt8], in chunk: UnsafeRawBufferPointer, from: Int) -> Int? {
        guard from >= 0, from < chunk.count, let base = chunk.baseAddress else { return nil }
        let found = hs_find(base + from, chunk.count - from, needle, needle.count)
        return found < 0 ? nil : from + found
    }
}
