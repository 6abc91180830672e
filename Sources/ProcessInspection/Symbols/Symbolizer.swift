package import Evidence

/// An address of code, and how it came about, which decides the line it stands for.
package struct CodeAddress: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A program counter: innermost frame, or interrupted by a signal.
        case exact
        /// The instruction after a call.
        case returnAddress
        /// Where a suspended Swift async function goes on.
        case asyncResume
    }
    package var address: UInt64
    package var kind: Kind

    package init(_ address: UInt64, _ kind: Kind) {
        self.address = address
        self.kind = kind
    }
}

/// Gives names, files and lines to code addresses of one process.
package protocol Symbolizer: Sendable {
    /// One list for each address: functions inlined there first, innermost first, then the
    /// function itself. Never empty: an unknown address gives one frame without a name.
    func frames(for addresses: [CodeAddress]) -> [[Frame]]
}

extension Symbolizer {
    package func frames(for address: CodeAddress) -> [Frame] { frames(for: [address])[0] }
}
