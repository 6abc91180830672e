internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// A client's connection to the model server, and the ways in which it can end.
final class ServerConnection: Sendable {
    let number: Int
    let channel: any Channel
    /// The client's port, by which it is found from outside.
    let peer: Int

    init(number: Int, channel: any Channel) {
        self.number = number
        self.channel = channel
        peer = channel.remoteAddress?.port ?? 0
    }

    func send(_ part: HTTPServerResponsePart) async throws {
        try await channel.writeAndFlush(part)
    }

    func send(bytes: [UInt8]) async throws {
        try await send(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    }

    func end(_ ending: ServerBehaviour.Ending) async {
        switch ending {
        case .close: break
        case .reset: await act { SocketTricks.resetOnClose($0) }
        case .vanish:
            await waitForAcknowledgements()
            await act { _ = SocketTricks.vanishOnClose($0) }
        }
        try? await channel.close()
    }

    /// Stops hearing the client, acknowledgements included; or hears it again.
    func drop(_ dropping: Bool) async {
        await act { descriptor in
            if dropping { SocketTricks.dropIncoming(descriptor) } else { SocketTricks.acceptIncoming(descriptor) }
        }
    }

    private func waitForAcknowledgements() async {
        let deadline = ContinuousClock.now + SocketTricks.acknowledgementPatience
        while ContinuousClock.now < deadline {
            let open = Atomic(0)
            await act { open.store(SocketTricks.unacknowledgedBytes($0), ordering: .relaxed) }
            if open.load(ordering: .relaxed) == 0 { return }
            // Also when this task is cancelled: then the loop runs without pauses, but not for long.
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    private func act(_ body: @escaping @Sendable (CInt) -> Void) async {
        await channel.withDescriptor(body)
    }
}

extension Channel {
    /// Runs `body` with the channel's descriptor, on its event loop; not at all once it is closed.
    func withDescriptor(_ body: @escaping @Sendable (CInt) -> Void) async {
        try? await eventLoop.submit {
            guard self.isActive else { return }
            try self.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { body($0) }
        }.get()
    }
}
