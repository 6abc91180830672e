import Evidence
import Faults
import Glibc
import Testing

/// Faults of connections, at the model server and at a proxy before it.
@Suite struct NetworkFaultTests {
    enum Place: String, Sendable, CaseIterable { case server, proxy }

    /// Runs with a target that misbehaves, and the port to reach it by.
    private func with(
        _ place: Place, _ body: (_ target: any Injector, _ port: Int, _ log: EventLog) async throws -> Void
    ) async throws {
        try await withModelServer { server, log in
            switch place {
            case .server: try await body(server, server.port, log)
            case .proxy: try await withProxy(to: server.port) { proxy, _ in try await body(proxy, proxy.port, log) }
            }
        }
    }

    @Test(.enabled(if: SocketTricks.mayRepair(), "needs CAP_NET_ADMIN"), arguments: Place.allCases)
    func vanishLeavesNobodyAtTheOtherEnd(place: Place) async throws {
        try await with(place) { target, port, log in
            let quiet = place == .server ? "silence" : "stall"
            try await target.fault(id: "quiet", kind: quiet, options: [:]).arm()
            let client = try await RawClient.connect(port: port)
            await client.chat()
            try await eventually("request") { log.count("request") == 1 }
            try await target.fault(id: "v", kind: "vanish", options: [:]).arm()
            try await eventually("no socket") { socketState(local: port, remote: client.localPort) == nil }
            #expect(socketState(local: client.localPort, remote: port) == "01")
            #expect(await client.read(for: 300).ending == .silent)
            // What it sends now finds nobody.
            await client.send("x")
            #expect(await client.read().ending == .reset)
        }
    }

    /// The last bytes are acknowledged late; the client must not be told by RST.
    @Test(.enabled(if: SocketTricks.mayRepair(), "needs CAP_NET_ADMIN"), arguments: Place.allCases)
    func vanishesInTheMiddleOfAnAnswer(place: Place) async throws {
        try await with(place) { target, port, _ in
            let after = place == .server ? ["after-tokens": "12"] : ["after-bytes": "1500"]
            try await target.fault(id: "v", kind: "vanish", options: after).arm()
            let client = try await RawClient.connect(port: port)
            await client.chat()
            try await eventually("established") { socketState(local: port, remote: client.localPort) == nil }
            let heard = await client.read(for: 500)
            #expect(heard.ending == .silent)
            #expect(heard.text.contains("200 OK"))
            #expect(socketState(local: client.localPort, remote: port) == "01")
        }
    }

    @Test(arguments: Place.allCases) func dropRetransmitsAndLosesNothing(place: Place) async throws {
        try await with(place) { target, port, log in
            let client = try await RawClient.connect(port: port)
            try await eventually("connected") { !(target.connections().array ?? []).isEmpty }
            let fault = try target.fault(id: "d", kind: "drop", options: [:])
            try await fault.arm()
            await client.chat()
            // Unacknowledged bytes stay in the client's send queue: SIOCOUTQ, tcp(7).
            try await eventually("unacknowledged") { unsent(client.descriptor) > 0 }
            #expect(await client.read(for: 300).ending == .silent)
            #expect(unsent(client.descriptor) > 0)
            #expect(log.count("request") == 0)
            await fault.heal()
            #expect(await client.read(for: 60_000) { $0.contains("[DONE]") }.ending == nil)
        }
    }

    @Test(arguments: Place.allCases) func refuseAndAcceptAgain(place: Place) async throws {
        try await with(place) { target, port, _ in
            let fault = try target.fault(id: "r", kind: "refuse", options: [:])
            try await fault.arm()
            await #expect(throws: RawClient.Refused.self) { _ = try await RawClient.connect(port: port) }
            await fault.heal()
            let client = try await RawClient.connect(port: port)
            await client.get("/")
            #expect(await client.read().text.contains("200 OK"))
        }
    }

    @Test(arguments: Place.allCases) func notAcceptingKeepsConnectionsInTheBacklog(place: Place) async throws {
        try await with(place) { target, port, _ in
            let fault = try target.fault(id: "n", kind: "not-accepting", options: [:])
            try await fault.arm()
            let client = try await RawClient.connect(port: port)
            await client.get("/")
            #expect(await client.read(for: 300).ending == .silent)
            #expect((target.connections().array ?? []).isEmpty)
            await fault.heal()
            #expect(await client.read().text.contains("200 OK"))
        }
    }

    @Test(arguments: Place.allCases) func blackholedConnectHangsUntilHealed(place: Place) async throws {
        try await with(place) { target, port, _ in
            let fault = try target.fault(id: "b", kind: "blackhole-connect", options: [:])
            try await fault.arm()
            let connecting = Task { try await RawClient.connect(port: port) }
            try await eventually("SYN sent") { synsSent(to: port) == 1 }
            await fault.heal()
            // The SYN is sent again after a second.
            let client = try await connecting.value
            await client.get("/")
            #expect(await client.read().text.contains("200 OK"))
        }
    }

    @Test(arguments: Place.allCases) func armHealArm(place: Place) async throws {
        for kind in FaultRegistry.all where kind.targets.contains(place == .server ? .modelServer : .proxy) {
            if kind.requires.contains("tcp-repair") && !SocketTricks.mayRepair() { continue }
            try await with(place) { target, port, _ in
                var options: [String: String] = [:]
                for option in kind.options where option.required && option.name != "service" {
                    options[option.name] = ["every": "1ms", "by": "1ms", "rate": "1MB", "code": "500", "how": "json"][option.name]
                }
                let fault = try target.fault(id: "f", kind: kind.name, options: options)
                await fault.heal()
                try await fault.arm()
                await fault.heal()
                await fault.heal()
                try await fault.arm()
                await fault.heal()
                let client = try await RawClient.connect(port: port)
                await client.get("/")
                #expect(await client.read().text.contains("200 OK"), "\(kind.name) is healed")
            }
        }
    }
}

/// Bytes sent and not acknowledged: SIOCOUTQ, tcp(7).
private func unsent(_ descriptor: Int32) -> Int32 {
    var count: Int32 = 0
    _ = ioctl(descriptor, UInt(0x5411), &count)
    return count
}

/// Sockets in SYN-SENT (02) to a port of this machine.
private func synsSent(to port: Int) -> Int {
    guard let file = fopen("/proc/net/tcp", "r") else { return 0 }
    defer { fclose(file) }
    var count = 0
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, 512, file) != nil {
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        if fields.count > 3, fields[3] == "02", fields[2].hasSuffix(":" + hex(port)) { count += 1 }
    }
    return count
}

private func hex(_ port: Int) -> String {
    let digits = String(port, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
