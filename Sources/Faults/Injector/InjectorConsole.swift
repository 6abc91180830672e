internal import Evidence
internal import Glibc
internal import Processes

/// Runs an injector for a person at a terminal: says what it does, ends on Ctrl-C, and heals.
package struct InjectorConsole: Sendable {
    /// A fault to arm at the start: kind and options, as in "stall:after-tokens=12,times=1".
    package struct Order: Sendable, Hashable {
        package var kind: String
        package var options: [String: String]

        package init(kind: String, options: [String: String] = [:]) {
            self.kind = kind
            self.options = options
        }

        package init(text: String) throws {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard let kind = parts.first else {
                throw FaultError(code: "bad-option", message: "An empty fault", remedy: "Write KIND or KIND:option=value,option=value.")
            }
            self.init(kind: String(kind))
            for pair in parts.dropFirst().first?.split(separator: ",") ?? [] {
                let sides = pair.split(separator: "=", maxSplits: 1)
                guard sides.count == 2 else {
                    throw FaultError(
                        code: "bad-option", message: "\"\(pair)\" is not option=value", remedy: "Write KIND:option=value,option=value.")
                }
                options[String(sides[0])] = String(sides[1])
            }
        }
    }

    private let orders: [Order]
    private let duration: Duration?
    private let say: @Sendable (String) -> Void

    /// `duration` is real time after which it ends by itself; nil waits for SIGINT or SIGTERM.
    package init(orders: [Order], duration: Duration? = nil, say: @escaping @Sendable (String) -> Void) {
        self.orders = orders
        self.duration = duration
        self.say = say
    }

    /// A sink that says each event in a line.
    package static func sink(_ say: @escaping @Sendable (String) -> Void) -> EventSink {
        { event in
            let details = event.attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
            say(([event.name] + details).joined(separator: " "))
        }
    }

    package func run(_ injector: any Injector) async throws {
        let say = self.say
        let ledger = FaultLedger { say("\($0.deed.rawValue) \($0.fault)" + ($0.detail.map { ": " + $0 } ?? "")) }
        let end = AsyncStream.makeStream(of: Void.self)
        let signals = SignalWatch([SIGINT, SIGTERM]) { end.continuation.finish() }
        defer { signals.cancel() }
        do {
            try await injector.start()
            for (index, order) in orders.enumerated() {
                let id = index == 0 ? order.kind : "\(order.kind)-\(index + 1)"
                try await ledger.arm(try injector.fault(id: id, kind: order.kind, options: order.options))
            }
            if let duration {
                let timer = Task {
                    try await Task.sleep(for: duration)
                    end.continuation.finish()
                }
                for await _ in end.stream {}
                timer.cancel()
            } else {
                for await _ in end.stream {}
            }
        } catch {
            await ledger.close()
            await injector.stop()
            throw error
        }
        await ledger.close()
        await injector.stop()
    }
}
