/// The faults of one direction of one connection, in the order they were armed.
///
/// They can be added and removed while bytes are on their way: what a removed one held goes
/// on to the next, so that nothing is lost and nothing overtakes.
package struct StreamChain: Sendable {
    /// Bytes that may wait for the receiver before the last fault is held up.
    static let mostWaiting = 1 << 18

    private var links: [(name: String, fault: any StreamFault)] = []
    private var ready = ByteQueue()

    package init() {}

    /// True when bytes need not come by here at all.
    package var isEmpty: Bool { links.isEmpty && ready.isEmpty }
    package var heldBytes: Int { links.reduce(ready.count) { $0 + $1.fault.heldBytes } }
    package var wantsBytes: Bool { wants(0) }
    /// Bytes that may go out now.
    package var readyBytes: Int { ready.count }

    package mutating func add(_ name: String, _ fault: any StreamFault) { links.append((name, fault)) }

    package mutating func remove(_ name: String, at now: Double) {
        while let index = links.firstIndex(where: { $0.name == name }) {
            let bytes = links[index].fault.giveBack()
            links.remove(at: index)
            put(bytes, to: index, at: now)
        }
    }

    package mutating func take(_ bytes: [UInt8], at now: Double) { put(bytes, to: 0, at: now) }

    package mutating func popReady(_ most: Int) -> [UInt8] { ready.pop(most) }

    /// Moves bytes along as far as they go now.
    ///
    /// Returns when to come back (nil: when bytes come or the receiver takes some), and the end
    /// that a fault puts to the connection once what is ready has gone out.
    package mutating func advance(at now: Double) -> (wake: Double?, ending: ConnectionEnding?) {
        var moved = true
        var wake: Double?
        var ending: ConnectionEnding?
        while moved {
            moved = false
            wake = nil
            ending = nil
            for index in links.indices where wants(index + 1) {
                switch links[index].fault.next(at: now) {
                case .pass(let bytes):
                    put(bytes, to: index + 1, at: now)
                    moved = true
                case .wait(let until): wake = min(wake ?? until, until)
                case .rest: break
                // What later faults hold is still on its way to the client.
                case .end(let end): if links[(index + 1)...].allSatisfy({ $0.fault.heldBytes == 0 }) { ending = end }
                }
            }
        }
        return (wake, ending)
    }

    private func wants(_ index: Int) -> Bool {
        index < links.count ? links[index].fault.wantsBytes : ready.count < Self.mostWaiting
    }

    private mutating func put(_ bytes: [UInt8], to index: Int, at now: Double) {
        if bytes.isEmpty { return }
        if index < links.count { links[index].fault.take(bytes, at: now) } else { ready.append(bytes) }
    }
}
