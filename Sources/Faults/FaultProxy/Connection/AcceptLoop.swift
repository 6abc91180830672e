internal import CLinux
internal import Glibc

/// The listening socket of a proxy, in a thread of its own.
final class AcceptLoop {
    private let address: SocketAddress
    private let mailbox: ThreadMailbox<AcceptLoop>
    private var listener: CInt
    private var isAccepting = true
    private var isStopped = false
    private let accepted: (CInt) -> Void

    /// Connections the kernel completes while nobody accepts.
    static let backlog: CInt = 128

    init(address: SocketAddress, listener: CInt, mailbox: ThreadMailbox<AcceptLoop>, accepted: @escaping (CInt) -> Void) {
        self.address = address
        self.listener = listener
        self.mailbox = mailbox
        self.accepted = accepted
    }

    // MARK: Orders

    func stop() { isStopped = true }
    func accept(_ accepting: Bool) { isAccepting = accepting }

    func refuse(_ refusing: Bool) {
        if refusing, listener >= 0 {
            close(listener)
            listener = -1
        } else if !refusing, listener < 0 {
            listener = (try? address.listen(backlog: Self.backlog)) ?? -1
        }
    }

    func dropSyns(_ dropping: Bool) {
        guard listener >= 0 else { return }
        if dropping { SocketTricks.dropIncoming(listener) } else { SocketTricks.acceptIncoming(listener) }
    }

    // MARK: The thread

    func run() {
        while !isStopped {
            var polled = [
                pollfd(fd: isAccepting ? listener : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            poll(&polled, 2, -1)
            mailbox.serve(self)
            guard isAccepting, !isStopped, listener >= 0, polled[0].revents != 0 else { continue }
            let client = hs_accept(listener)
            if client >= 0 {
                accepted(client)
            } else if [EMFILE, ENFILE, ENOMEM].contains(-client) {
                // Out of descriptors: the backlog holds the client until some are closed.
                poll(nil, 0, 20)
            }
        }
        if listener >= 0 { close(listener) }
        mailbox.close()
    }
}
