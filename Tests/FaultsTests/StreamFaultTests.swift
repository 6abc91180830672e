import Testing

@testable import Faults

@Suite struct StreamFaultTests {
    static let kinds: [(String, @Sendable () -> any StreamFault)] = [
        ("stall", { StallStream(afterBytes: 700) }),
        ("stall at once", { StallStream(afterBytes: 0) }),
        ("cut", { CutStream(.close, afterBytes: 1 << 40) }),
        ("drip", { PacedStream(bytes: 1, every_s: 0.01) }),
        ("slicer", { PacedStream(bytes: 64, every_s: 0) }),
        ("bandwidth", { PacedStream(bytesPerSecond: 20_000) }),
        ("latency", { LatencyStream(by_s: 0.05, jitter_s: 0, seed: 1) }),
        ("jitter", { LatencyStream(by_s: 0.05, jitter_s: 0.04, seed: 1) }),
    ]

    /// Whatever is put in, in whatever pieces, comes out in order when faults come and go in between.
    @Test(arguments: kinds.indices, 0..<6) func losesNothingWhenInterrupted(kind: Int, seed: Int) {
        var random = SplitMix64(state: UInt64(seed) &* 1000 &+ UInt64(kind))
        var chain = StreamChain()
        var now = 100.0
        var sent: [UInt8] = []
        var received: [UInt8] = []
        var names: [String] = []
        for step in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                names.append("f\(step)")
                chain.add("f\(step)", Self.kinds[kind].1())
            case 1:
                if let name = names.randomElement(using: &random) {
                    names.removeAll { $0 == name }
                    chain.remove(name, at: now)
                }
            case 2...5 where chain.wantsBytes:
                let bytes = (0..<Int.random(in: 1...900, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                sent += bytes
                chain.take(bytes, at: now)
            case 6: now += Double.random(in: 0...0.1, using: &random)
            default:
                if chain.advance(at: now).ending != nil {
                    Issue.record("ended at step \(step)")
                    return
                }
                received += chain.popReady(Int.random(in: 1...2000, using: &random))
            }
            // A macro here would cost more than all the rest.
            if sent.count != received.count + chain.heldBytes {
                Issue.record("\(sent.count) in, \(received.count) out, \(chain.heldBytes) held at step \(step)")
                return
            }
        }
        for name in names { chain.remove(name, at: now) }
        received += chain.popReady(.max)
        #expect(received == sent)
        #expect(chain.isEmpty)
    }

    @Test func stallPassesExactlySoMany() {
        var chain = StreamChain()
        chain.add("s", StallStream(afterBytes: 10))
        chain.take(Array(repeating: 7, count: 25), at: 0)
        _ = chain.advance(at: 0)
        #expect(chain.popReady(.max).count == 10)
        #expect(!chain.wantsBytes)
        chain.remove("s", at: 1)
        #expect(chain.popReady(.max).count == 15)
    }

    @Test func cutEndsOnlyAfterItsBytes() {
        var chain = StreamChain()
        chain.add("c", CutStream(.reset, afterBytes: 10))
        chain.take(Array(repeating: 7, count: 9), at: 0)
        #expect(chain.advance(at: 0).ending == nil)
        chain.take([7, 7], at: 0)
        #expect(chain.advance(at: 0).ending == .reset)
        #expect(chain.popReady(.max).count == 10)
    }

    /// A fault behind the cut still holds bytes that belong to the client.
    @Test func cutWaitsForWhatIsOnItsWay() {
        var chain = StreamChain()
        chain.add("c", CutStream(.close, afterBytes: 4))
        chain.add("l", LatencyStream(by_s: 5, jitter_s: 0, seed: 1))
        chain.take([1, 2, 3, 4], at: 0)
        #expect(chain.advance(at: 0).ending == nil)
        #expect(chain.advance(at: 4.9).wake == 5)
        #expect(chain.advance(at: 5).ending == .close)
        #expect(chain.popReady(.max) == [1, 2, 3, 4])
    }

    @Test func latencyHoldsAndKeepsOrder() {
        var fault = LatencyStream(by_s: 2, jitter_s: 1.9, seed: 3)
        for byte in 0..<100 { fault.take([UInt8(byte)], at: Double(byte) * 0.01) }
        #expect(fault.next(at: 0) == .wait(until: fault.firstDue ?? -1))
        #expect(fault.next(at: 1000) == .pass((0..<100).map { UInt8($0) }))
    }

    @Test func bandwidthKeepsItsRate() {
        var chain = StreamChain()
        chain.add("b", PacedStream(bytesPerSecond: 1000))
        chain.take(Array(repeating: 1, count: 5000), at: 0)
        var now = 0.0
        while let wake = chain.advance(at: now).wake { now = wake }
        #expect(abs(now - 4.95) < 0.06)
        #expect(chain.popReady(.max).count == 5000)
    }
}
