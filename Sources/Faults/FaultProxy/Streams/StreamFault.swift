/// A fault in one direction of one connection: takes bytes, and says which go on when.
///
/// A pure state machine driven by its caller, so that it can be interrupted at any time: what it
/// holds then is given back, in order. It loses no data; only an `end` may cut a stream short.
/// Times are seconds of CLOCK_MONOTONIC.
package protocol StreamFault: Sendable {
    /// False presses back on the sender: its bytes stay in the kernel, acknowledged.
    var wantsBytes: Bool { get }
    /// Bytes taken and not passed on yet.
    var heldBytes: Int { get }
    mutating func take(_ bytes: [UInt8], at now: Double)
    mutating func next(at now: Double) -> StreamStep
    /// Gives up everything it holds, in the order it came.
    mutating func giveBack() -> [UInt8]
}

/// What a stream fault does next.
package enum StreamStep: Sendable, Hashable {
    case pass([UInt8])
    /// Nothing before then.
    case wait(until: Double)
    /// Nothing until more bytes come.
    case rest
    /// Puts an end to the connection.
    case end(ConnectionEnding)
}

package enum ConnectionEnding: String, Sendable, Hashable {
    /// FIN.
    case close
    /// RST.
    case reset
    /// Neither: the client's socket stays established with nothing at its other end.
    case vanish
}
