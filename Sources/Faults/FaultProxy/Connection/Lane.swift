internal import CLinux
internal import Glibc

/// One direction of a proxied connection: from one socket to the other, through its faults.
///
/// Without faults bytes go through a pipe by splice(2) and are never copied to user space.
final class Lane {
    enum Outcome {
        case open
        /// The sender has finished, and all of it was passed on.
        case finished
        case failed(CInt)
        case ended(ConnectionEnding)
    }

    /// 1 MiB is the most that is granted without privilege: pipe(7), pipe-max-size.
    private static let pipeBytes = 1 << 20
    /// Steps at a time, so that the other direction and orders get their turn.
    private static let mostSteps = 64

    /// Bytes below which another attempt is not worth its system call.
    private static let little = 32768

    let from: CInt
    let to: CInt
    var chain = StreamChain()
    private(set) var passedBytes = 0
    /// When a fault wants to go on, in seconds of CLOCK_MONOTONIC.
    private(set) var wake: Double?
    private var sourceEnded = false
    private var pipe: (read: CInt, write: CInt) = (-1, -1)
    private var inPipe = 0
    private var outgoing: ArraySlice<UInt8> = []
    private var buffer: [UInt8] = []

    init(from: CInt, to: CInt) {
        self.from = from
        self.to = to
    }

    deinit {
        if pipe.read >= 0 {
            close(pipe.read)
            close(pipe.write)
        }
    }

    /// Whether it waits for bytes to come, or for the receiver to take some.
    var wantsInput: Bool { !sourceEnded && chain.wantsBytes && outgoing.isEmpty && (inPipe == 0 || !isPlain) }
    var wantsOutput: Bool { !outgoing.isEmpty || chain.readyBytes > 0 || (isPlain && inPipe > 0) }
    var heldBytes: Int { chain.heldBytes + outgoing.count + inPipe }
    private(set) var isFinished = false
    /// More can be done at once: it only gave others their turn.
    private(set) var isBusy = false

    private var isPlain: Bool { chain.isEmpty && outgoing.isEmpty }

    /// Moves what can be moved without waiting.
    func step(at now: Double) -> Outcome {
        if isFinished { return .finished }
        isBusy = false
        for _ in 0..<Self.mostSteps {
            let moved: Int
            let wasPlain = isPlain
            switch wasPlain ? spliceOnce() : passOnce(at: now) {
            case .success(let count): moved = count
            case .failure(let error): return .failed(error.number)
            }
            if !isPlain || wake != nil {
                let (wake, ending) = chain.advance(at: now)
                self.wake = wake
                if let ending, outgoing.isEmpty, chain.readyBytes == 0 { return .ended(ending) }
            }
            if sourceEnded && heldBytes == 0 {
                isFinished = true
                shutdown(to, CInt(SHUT_WR))
                return .finished
            }
            // A little means that it was all there was: poll(2) tells when there is more.
            if wasPlain && moved > 0 && moved < Self.little && inPipe == 0 { return .open }
            if moved == 0 && !(chain.readyBytes > 0 && outgoing.isEmpty) { return .open }
        }
        isBusy = true
        return .open
    }

    // MARK: Without faults

    private func spliceOnce() -> Result<Int, SocketError> {
        if pipe.read < 0, let error = openPipe() { return .failure(error) }
        var moved = 0
        if !sourceEnded && inPipe == 0 {
            let count = Int(hs_splice(from, pipe.write, Self.pipeBytes))
            if count == 0 { sourceEnded = true }
            if count > 0 {
                inPipe += count
                moved += count
            }
            if count < 0, !isTransient(CInt(-count)) { return .failure(SocketError(call: "splice", number: CInt(-count))) }
        }
        if inPipe > 0 {
            let count = Int(hs_splice(pipe.read, to, inPipe))
            if count > 0 {
                inPipe -= count
                passedBytes += count
                moved += count
            }
            if count < 0, !isTransient(CInt(-count)) { return .failure(SocketError(call: "splice", number: CInt(-count))) }
            // The receiver takes no more now.
            if inPipe > 0 && count <= 0 { return .success(0) }
        }
        return .success(moved)
    }

    private func openPipe() -> SocketError? {
        var ends: [CInt] = [0, 0]
        let code = hs_stream_pipe(&ends, CInt(Self.pipeBytes))
        guard code == 0 else { return SocketError(call: "pipe2", number: -code) }
        pipe = (ends[0], ends[1])
        return nil
    }

    // MARK: Through faults

    private func passOnce(at now: Double) -> Result<Int, SocketError> {
        var moved = 0
        if inPipe > 0 || (!sourceEnded && chain.wantsBytes && outgoing.isEmpty) {
            // What was on its way when the first fault was armed comes first.
            let source = inPipe > 0 ? pipe.read : from
            if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: 65536) }
            let count = read(source, &buffer, inPipe > 0 ? min(inPipe, buffer.count) : buffer.count)
            if count > 0 {
                if inPipe > 0 { inPipe -= count }
                chain.take(Array(buffer[0..<count]), at: now)
                moved += count
            } else if count == 0 {
                sourceEnded = true
            } else if !isTransient(errno) {
                return .failure(.last("read"))
            }
        }
        if outgoing.isEmpty { outgoing = chain.popReady(65536)[...] }
        if !outgoing.isEmpty {
            let count = outgoing.withUnsafeBytes { send(to, $0.baseAddress!, $0.count, CInt(MSG_NOSIGNAL)) }
            if count > 0 {
                outgoing = outgoing.dropFirst(count)
                passedBytes += count
                moved += count
            } else if count < 0, !isTransient(errno) {
                return .failure(.last("send"))
            }
        }
        return .success(moved)
    }

    private func isTransient(_ number: CInt) -> Bool { number == EAGAIN || number == EINTR }
}
