extension [UInt8] {
    /// As 64-bit words, without what is left over.
    var words: [UInt64] {
        withUnsafeBytes { bytes in
            stride(from: 0, through: bytes.count - 8, by: 8).map { bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
        }
    }
}

extension UInt64 {
    /// Swift keeps enum cases in the spare bits of references: System.h, swift_abi, x86-64.
    var withoutSpareBits: UInt64 { self & ~0xff00_0000_0000_0007 }
}
