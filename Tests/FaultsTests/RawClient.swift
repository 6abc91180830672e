import Dispatch
import Glibc

/// A TCP client that shows what really happens on the wire. Blocking calls run off the cooperative pool.
final class RawClient: Sendable {
    enum Ending: Sendable, Equatable {
        case closed
        case reset
        /// Nothing came before the deadline.
        case silent
    }
    struct Heard: Sendable {
        var text: String
        var ending: Ending?
    }

    let descriptor: Int32

    /// Throws the errno of connect(2).
    static func connect(port: Int) async throws -> RawClient {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let code = await offPool { () -> Int32 in
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return result == 0 ? 0 : errno
        }
        guard code == 0 else {
            close(descriptor)
            throw Refused(number: code)
        }
        return RawClient(descriptor: descriptor)
    }

    struct Refused: Error { var number: Int32 }

    init(descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    var localPort: Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    func send(_ text: String) async {
        await send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) async {
        await offPool { [descriptor] in
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    /// Reads until `enough` says so, the connection ends, or nothing has come for so long.
    func read(for limit_ms: Int32 = 20_000, until enough: @escaping @Sendable (String) -> Bool = { _ in false }) async -> Heard {
        let (bytes, ending) = await readBytes(for: limit_ms) { enough(String(decoding: $0, as: UTF8.self)) }
        return Heard(text: String(decoding: bytes, as: UTF8.self), ending: ending)
    }

    func readBytes(
        for limit_ms: Int32 = 20_000, until enough: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
    ) async -> ([UInt8], Ending?) {
        await offPool { [descriptor] in
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while !enough(all) {
                var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&polled, 1, limit_ms) == 0 { return (all, .silent) }
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                if count == 0 { return (all, .closed) }
                if count < 0 { return (all, errno == ECONNRESET ? .reset : .closed) }
                all += buffer[0..<count]
            }
            return (all, nil)
        }
    }

    func chat(stream: Bool = true, prompt: String = "hello") async {
        let body = #"{"model":"m","stream":\#(stream),"messages":[{"role":"user","content":"\#(prompt)"}]}"#
        await post("/v1/chat/completions", body)
    }

    func post(_ path: String, _ body: String) async {
        await send("POST \(path) HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    func get(_ path: String) async { await send("GET \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n") }
}

private func offPool<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        // A queue of its own has a thread at once; the shared ones add threads slowly while others block.
        DispatchQueue(label: "raw-client").async { continuation.resume(returning: body()) }
    }
}

/// The kernel's view of a TCP connection on this machine: state in hexadecimal as in /proc/net/tcp, nil where there is no such socket.
func socketState(local: Int, remote: Int) -> String? {
    guard let file = fopen("/proc/net/tcp", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, 512, file) != nil {
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        guard fields.count > 3, let from = fields[1].split(separator: ":").last, let to = fields[2].split(separator: ":").last,
            Int(from, radix: 16) == local, Int(to, radix: 16) == remote
        else { continue }
        return String(fields[3])
    }
    return nil
}

struct TimedOut: Error { var what: String }

/// Waits until a condition holds; throws after `seconds` of real time.
func eventually(_ what: String, within seconds: Double = 30, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TimedOut(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
