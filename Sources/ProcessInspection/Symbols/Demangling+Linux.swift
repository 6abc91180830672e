internal import CLinux
internal import Glibc

package enum Demangling {
    /// What people write for a Swift, C++ or Rust symbol; nil for other names.
    package static func short(_ symbol: String) -> String? {
        if let rust = RustName.demangled(symbol) { return rust }
        guard let raw = hs_demangle(symbol) else { return nil }
        defer { free(raw) }
        return SymbolName.shortened(String(cString: raw), isSwift: !symbol.hasPrefix("_Z"))
    }
}
