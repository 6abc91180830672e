package import Evidence

/// Tells whether two reports show the same hang.
package enum Fingerprint {
    /// Sixteen hexadecimal digits from the chain's kinds and names; numbers, addresses, ports,
    /// lines and times are left out, so that it is equal over repeated runs and builds.
    package static func of(_ chain: [ChainLink], cause: Cause) -> String {
        // FNV-1a, 64 bits (draft-eastlake-fnv).
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for text in [cause.rawValue] + chain.map({ "\($0.kind.rawValue):\(stable($0))" }) {
            for byte in text.utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
            hash = (hash ^ 0x0a) &* 0x100_0000_01b3
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The functions named in a step, and for a process its name.
    private static func stable(_ link: ChainLink) -> String {
        let quoted = link.label.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
        if !quoted.isEmpty { return quoted.joined(separator: " ") }
        if link.kind == .process, let open = link.label.firstIndex(of: "("), let close = link.label.lastIndex(of: ")"), open < close {
            return String(link.label[link.label.index(after: open)..<close])
        }
        return ""
    }
}
