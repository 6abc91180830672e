import Evidence
import Dispatch
import Faults
import Glibc
import Testing

@Suite struct ProxyTests {
    /// A server that sends back what it gets.
    private func withEcho<Value>(_ body: (Int) async throws -> Value) async throws -> Value {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 16)
                _ = getsockname(listener, $0, &length)
            }
        }
        DispatchQueue(label: "echo").async {
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { return }
                DispatchQueue(label: "echo").async {
                    var buffer = [UInt8](repeating: 0, count: 65536)
                    while true {
                        let count = read(client, &buffer, buffer.count)
                        if count <= 0 { break }
                        var sent = 0
                        while sent < count {
                            let more = buffer.withUnsafeBytes { send(client, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL)) }
                            if more <= 0 { break }
                            sent += more
                        }
                    }
                    close(client)
                }
            }
        }
        defer {
            // Wakes the accepting thread.
            shutdown(listener, Int32(SHUT_RDWR))
            close(listener)
        }
        return try await body(Int(UInt16(bigEndian: address.sin_port)))
    }

    private func pattern(_ count: Int) -> [UInt8] {
        var random = SplitMix64(state: 9)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test func passesEverythingThrough() async throws {
        try await withEcho { port in
            try await withProxy(to: port) { proxy, log in
                let bytes = pattern(3_000_000)
                let client = try await RawClient.connect(port: proxy.port)
                async let sending: Void = client.send(bytes)
                let (heard, ending) = await client.readBytes { $0.count >= bytes.count }
                await sending
                #expect(ending == nil)
                // As one fact: a difference of megabytes, spelt out, takes longer than anybody waits.
                let arrivedWhole = heard == bytes
                #expect(arrivedWhole, "\(heard.count) of \(bytes.count) bytes, or others")
                shutdown(client.descriptor, Int32(SHUT_WR))
                #expect(await client.read().ending == .closed)
                try await eventually("closed") { log.count("closed") == 1 }
            }
        }
    }

    /// Faults come and go while bytes run; all arrive, in order.
    @Test(arguments: ["stall", "drop", "latency", "slicer", "bandwidth"]) func losesNothing(kind: String) async throws {
        try await withEcho { port in
            try await withProxy(to: port) { proxy, _ in
                let options = ["latency": ["by": "3ms", "jitter": "2ms"], "slicer": ["size": "1000"], "bandwidth": ["rate": "50MB"]][kind] ?? [:]
                let fault = try proxy.fault(id: "f", kind: kind, options: options)
                let bytes = pattern(4_000_000)
                let client = try await RawClient.connect(port: proxy.port)
                async let sending: Void = client.send(bytes)
                async let hearing = client.readBytes { $0.count >= bytes.count }
                for _ in 0..<10 {
                    try await fault.arm()
                    for _ in 0..<50 { await Task.yield() }
                    await fault.heal()
                }
                await sending
                let (heard, ending) = await hearing
                #expect(ending == nil)
                // As one fact: a difference of megabytes, spelt out, takes longer than anybody waits.
                let arrivedWhole = heard == bytes
                #expect(arrivedWhole, "\(heard.count) of \(bytes.count) bytes, or others")
            }
        }
    }

    @Test(arguments: [("close-early", RawClient.Ending.closed), ("reset", .reset)])
    func cutsAfterBytes(kind: String, ending: RawClient.Ending) async throws {
        try await withEcho { port in
            try await withProxy(to: port) { proxy, _ in
                try await proxy.fault(id: "c", kind: kind, options: ["after-bytes": "1000"]).arm()
                let client = try await RawClient.connect(port: proxy.port)
                await client.send(pattern(900))
                #expect(await client.readBytes { $0.count >= 900 }.0.count == 900)
                await client.send(pattern(900))
                let (rest, how) = await client.readBytes()
                #expect(how == ending)
                #expect(rest.count == 100 || ending == .reset)
            }
        }
    }

    @Test func resetReachesOpenConnections() async throws {
        try await withEcho { port in
            try await withProxy(to: port) { proxy, _ in
                let client = try await RawClient.connect(port: proxy.port)
                await client.send("x")
                _ = await client.read { $0 == "x" }
                let fault = try proxy.fault(id: "r", kind: "reset", options: [:])
                try await fault.arm()
                #expect(await client.read().ending == .reset)
                await fault.heal()
                let again = try await RawClient.connect(port: proxy.port)
                await again.send("y")
                #expect(await again.read { $0 == "y" }.ending == nil)
            }
        }
    }

    @Test func hitsSoManyConnections() async throws {
        try await withEcho { port in
            try await withProxy(to: port) { proxy, _ in
                try await proxy.fault(id: "r", kind: "reset", options: ["times": "1"]).arm()
                let first = try await RawClient.connect(port: proxy.port)
                await first.send("x")
                #expect(await first.read().ending != nil)
                let second = try await RawClient.connect(port: proxy.port)
                await second.send("y")
                #expect(await second.read { $0 == "y" }.ending == nil)
            }
        }
    }

    @Test func listsConnections() async throws {
        try await withEcho { port in
            try await withProxy(to: port) { proxy, _ in
                let client = try await RawClient.connect(port: proxy.port)
                await client.send("hello")
                _ = await client.read { $0 == "hello" }
                try await eventually("counted") { proxy.connections().array?.first?.object?["bytes-down"]?.number == 5 }
                #expect(proxy.connections().array?.first?.object?["peer"]?.number == Double(client.localPort))
            }
        }
    }

    @Test func noUpstreamClosesTheClient() async throws {
        try await withProxy(to: 1) { proxy, log in
            let client = try await RawClient.connect(port: proxy.port)
            #expect(await client.read().ending != .silent)
            try await eventually("told") { log.all.contains { $0.name == "closed" && $0.attributes["why"]?.string?.contains("upstream") == true } }
        }
    }
}
