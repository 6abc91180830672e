internal import Evidence
internal import FoundationEssentials

/// Runs an injector under a control channel: commands in, replies and events out.
///
/// The end of the channel, however it comes, heals everything and stops the injector.
package struct InjectorHost: Sendable {
    private let channel: ControlChannel
    private let makeInjector: @Sendable (@escaping EventSink) throws -> any Injector

    package init(channel: ControlChannel, injector: @escaping @Sendable (@escaping EventSink) throws -> any Injector) {
        self.channel = channel
        self.makeInjector = injector
    }

    /// Returns when it was told to shut down, or the channel ended.
    package func run() async throws {
        let channel = self.channel
        let ledger = FaultLedger { entry in
            let event = InjectorEvent(
                name: entry.deed.rawValue, monotonic_s: monotonicSeconds(), attributes: ["name": .string(entry.fault)])
            channel.send(ControlMessage.happened(event), droppable: true)
        }
        let injector: any Injector
        do {
            injector = try makeInjector { event in
                channel.send(ControlMessage.happened(event), droppable: event.name != "listening")
            }
            try await injector.start()
        } catch {
            channel.send(ControlMessage.failed(0, error))
            channel.close()
            throw error
        }
        channel.send(ControlMessage.happened(InjectorEvent(name: "ready", monotonic_s: monotonicSeconds())))
        var goodbye: Int?
        for await line in channel.lines {
            guard let command = try? JSONDecoder().decode(ControlCommand.self, from: Data(line)) else {
                let text = String(decoding: line.prefix(80), as: UTF8.self)
                channel.send(
                    ControlMessage.failed(
                        0, FaultError(code: "bad-command", message: "Not a command: \(text)", remedy: "Send {\"id\":1,\"do\":\"arm|heal|list|shutdown\",...}.")))
                continue
            }
            if command.do == .shutdown {
                goodbye = command.id
                break
            }
            channel.send(await Self.reply(to: command, injector: injector, ledger: ledger))
        }
        await ledger.close()
        await injector.stop()
        if let goodbye { channel.send(ControlMessage.done(goodbye)) }
        channel.close()
        for await _ in channel.lines {}
    }

    private static func reply(to command: ControlCommand, injector: any Injector, ledger: FaultLedger) async -> ControlMessage {
        do {
            switch command.do {
            case .arm:
                guard let kind = command.fault else {
                    throw FaultError(code: "bad-command", message: "Nothing to arm", remedy: "Name the fault.")
                }
                let fault = try injector.fault(id: command.name ?? kind, kind: kind, options: command.options ?? [:])
                try await ledger.arm(fault)
                return .done(command.id)
            case .heal:
                if let name = command.name { await ledger.heal(name) } else { await ledger.healAll() }
                return .done(command.id)
            case .list: return .done(command.id, result: injector.connections())
            case .shutdown: return .done(command.id)
            }
        } catch {
            return .failed(command.id, error)
        }
    }
}
