internal import ProcessInspection

// Not generic, unlike `load`: these are called millions of times, from another module than the one that defines it.
extension MemoryReader {
    /// The word there; nil when it cannot be read.
    func word(_ address: UInt64) -> UInt64? {
        var value: UInt64 = 0
        return withUnsafeMutableBytes(of: &value) { (try? read(at: address, into: $0)) == 8 } ? value : nil
    }

    func half(_ address: UInt64) -> UInt32? {
        var value: UInt32 = 0
        return withUnsafeMutableBytes(of: &value) { (try? read(at: address, into: $0)) == 4 } ? value : nil
    }

    /// Two words that lie one after the other.
    func pair(_ address: UInt64) -> (UInt64, UInt64)? {
        var value: (UInt64, UInt64) = (0, 0)
        return withUnsafeMutableBytes(of: &value) { (try? read(at: address, into: $0)) == 16 } ? value : nil
    }

    /// A signed 32-bit offset from its own place, as Swift's metadata uses: nil when zero or unreadable.
    func relative(_ address: UInt64) -> UInt64? {
        guard let raw = half(address), raw != 0 else { return nil }
        return address &+ UInt64(bitPattern: Int64(Int32(bitPattern: raw)))
    }
}
