/// The pages of the causes of the family "Network".
extension Catalogue {
    static let peerSilent = CausePage(
        title: "The peer owes an answer and sends nothing",
        meaning: """
            A request left this process and was acknowledged by the peer's kernel, and not one byte of an \
            answer has come since. The connection itself is sound: the program at the other end has not \
            answered. A proxy that has stopped forwarding looks the same, because its kernel still \
            acknowledges.
            """,
        supports: """
            An established client connection whose last bytes went out after the last came in, for longer than \
            the threshold, with nothing unacknowledged and nothing received between two looks. Where the peer \
            is on this machine, whether it has read the request (its receive queue) is told.
            """,
        refutes: """
            Bytes came in meanwhile; data is being retransmitted (that is half-open); the last bytes came in \
            rather than went out (an idle or stalled connection); the peer computes at full speed (slow, not \
            silent). And the order of the waiter's code, read from its instructions (C, C++, Rust, Python, Java, \
            SwiftNIO's async channels): who enters the loop around its read comes to the read before anything is \
            sent, as a worker does that says it is done with one order and waits for the next; or the loop reads \
            again and again and hands on what comes, as a subscriber does.
            """,
        remedy: """
            Give every request a read timeout and a deadline of its own, and let the caller fail when they \
            run out: AsyncHTTPClient `HTTPClient.Configuration.timeout.read` (nil by default in \
            `HTTPClient.Configuration()`) and `execute(_:timeout:)`; Python `requests.get(..., \
            timeout=(connect, read))`; libcurl `CURLOPT_LOW_SPEED_TIME` and `CURLOPT_TIMEOUT`; Java \
            `HttpRequest.Builder.timeout`. A timeout in a retry decorator does nothing for a call that never \
            returns.
            """,
        scenario: "silent-llm")

    static let peerStalled = CausePage(
        title: "The answer began and stopped",
        meaning: """
            The peer sent part of its answer (a status line, some tokens of a stream, part of a body) and then \
            nothing more, without closing. Whoever reads waits for the rest. A timeout that only covers the \
            time to the first byte has already been passed.
            """,
        supports: """
            The operation is still open (an open span, a thread inside a body read, a task in a response's \
            sequence), its connection is established and received last, and the silence on the wire is as old \
            as the last sign of the answer. An idle kept-alive connection has the same kernel state, so an \
            open operation must be shown.
            """,
        refutes: """
            Bytes came in between two looks; no operation on that connection is open; the connection waits for \
            its next request.
            """,
        remedy: """
            Use an idle (between bytes) timeout, not only one for the first byte: AsyncHTTPClient \
            `timeout.read`; `requests` `timeout=` counts between bytes; libcurl `CURLOPT_LOW_SPEED_LIMIT` with \
            `CURLOPT_LOW_SPEED_TIME`; and put a deadline around the whole answer whose expiry cancels the \
            request, so that the connection is closed.
            """,
        scenario: "sixty-percent-hang")

    static let peerDripping = CausePage(
        title: "The answer trickles",
        meaning: """
            Bytes keep coming, so slowly that the work will not end in any useful time: every read timeout is \
            satisfied again and again.
            """,
        supports: """
            The connection received a few bytes in every interval, the operation is open for far longer than \
            usual, and the rate is a tiny part of what the working run had.
            """,
        refutes: """
            Nothing comes at all (stalled or silent), or the rate is what this peer usually gives.
            """,
        remedy: """
            A read timeout cannot catch this: set a deadline for the whole request (AsyncHTTPClient \
            `execute(_:deadline:)`, libcurl `CURLOPT_TIMEOUT`) or a lowest rate (libcurl \
            `CURLOPT_LOW_SPEED_LIMIT`).
            """,
        scenario: nil)

    static let halfOpen = CausePage(
        title: "The peer is gone and this side has not noticed",
        meaning: """
            The connection is established here and exists nowhere else: the other machine slept, crashed, \
            changed its network, or a firewall dropped the state without a word. TCP by itself notices only \
            when it has something to send, and then only after minutes; a connection on which one only waits \
            can stand for ever.
            """,
        supports: """
            Data that is unacknowledged and retransmitted with growing pauses, keepalive probes without an \
            answer, or, for a peer address on this machine, no socket that matches.
            """,
        refutes: """
            Everything sent is acknowledged: then the peer's kernel lives and its program is what is silent. A \
            zero receive window is the peer not reading (backpressure).
            """,
        remedy: """
            Set a read timeout on the socket itself (a retry decorator sees no exception); set \
            `TCP_USER_TIMEOUT` so that unacknowledged data ends the connection in seconds rather than about 15 \
            minutes (`tcp_retries2`); turn on `SO_KEEPALIVE` with `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, \
            `TCP_KEEPCNT` for connections that only wait.
            """,
        scenario: "dropped-socket")

    static let connectBlackholed = CausePage(
        title: "The connection attempt is neither accepted nor refused",
        meaning: """
            SYN packets leave and nothing comes back, not even a reset: a firewall drops them, the address \
            belongs to nobody, or a route is missing. Linux tries for about two minutes (`tcp_syn_retries`) \
            before it gives up.
            """,
        supports: """
            A socket in SYN-SENT with retransmissions.
            """,
        refutes: """
            The listener exists on this machine with a full queue (that is not-accepting); the connection \
            became established.
            """,
        remedy: """
            Set a connect timeout of a few seconds (AsyncHTTPClient `timeout.connect`, `requests` first \
            element of `timeout=`, libcurl `CURLOPT_CONNECTTIMEOUT`), check address, route and firewall, and \
            prefer rules that reject over rules that drop.
            """,
        scenario: nil)

    static let notAccepting = CausePage(
        title: "The listener does not accept",
        meaning: """
            The peer's kernel completed the connection and put it in the listener's queue; the program never \
            calls accept. Requests may even be sent and acknowledged. When the queue is full, further attempts \
            look unanswered.
            """,
        supports: """
            The peer of the connection is a listener's queue entry that no descriptor belongs to, or the \
            listener's queue is at its limit.
            """,
        refutes: """
            The connection has an owner at the other end.
            """,
        remedy: """
            Look at what the thread that should accept is doing (attach to the server: blocked loop, exhausted \
            descriptors, stopped process). On the client, a read timeout bounds the wait; a connect timeout \
            does not, as the connection is made.
            """,
        scenario: nil)

    static let nameResolution = CausePage(
        title: "A name is not resolved",
        meaning: """
            The process waits for a name server. The resolver of libc blocks its thread, by default 5 s an \
            attempt and server, twice each.
            """,
        supports: """
            A thread inside getaddrinfo or the resolver, or a datagram socket to port 53 on which nothing \
            comes.
            """,
        refutes: """
            The resolver answered and the connection attempt that followed is what waits.
            """,
        remedy: """
            Check /etc/resolv.conf and the servers in it; set `options timeout:1 attempts:2`; bound the whole \
            connection attempt; do not resolve on an event loop (`getaddrinfo` blocks). Remove replicas from \
            the configuration that do not exist.
            """,
        scenario: nil)

    static let backpressure = CausePage(
        title: "The peer does not read",
        meaning: """
            This side writes faster than the peer reads; its receive buffer and our send buffer are full and \
            the write waits. The cause lies with whatever keeps the reader from reading.
            """,
        supports: """
            A write that blocks, bytes in the send queue with the persist timer running or the peer's receive \
            queue full, unchanged between two looks.
            """,
        refutes: """
            The queue shrinks; segments are retransmitted (half-open).
            """,
        remedy: """
            Attach to the reader. On this side, bound writes with a timeout (`SO_SNDTIMEO`, \
            `TCP_USER_TIMEOUT`), and honour writability (NIO `channel.isWritable`) instead of queueing without \
            limit.
            """,
        scenario: nil)

    static let mutualBackpressure = CausePage(
        title: "Both sides write and neither reads",
        meaning: """
            Each end is stuck in a write because the other does not read, and does not read because it is \
            stuck in its write: a deadlock over two full buffers. It appears only above a certain message \
            size.
            """,
        supports: """
            Both directions have full send queues, and both ends wait to write.
            """,
        refutes: """
            One side reads, or has room.
            """,
        remedy: """
            Read and write concurrently on at least one side (non-blocking, or a thread for each direction), \
            or bound what may be in flight before answers are read.
            """,
        scenario: nil)

    static let connectionClosedEarly = CausePage(
        title: "The connection was closed before the result",
        meaning: """
            The peer, or something between, ended the connection while an operation still waited for its \
            result, and the end was not turned into a failure of that operation.
            """,
        supports: """
            The connection is in CLOSE-WAIT or gone, and the operation that used it is still open and waits on \
            no other.
            """,
        refutes: """
            The operation ended with an error: then it failed, and does not hang.
            """,
        remedy: """
            Handle end-of-stream before completion as a failure that resumes whoever waits; keep ping and idle \
            timeouts longer than the longest operation, or send progress while it runs.
            """,
        scenario: nil)
}
