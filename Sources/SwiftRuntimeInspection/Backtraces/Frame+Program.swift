internal import Evidence

extension Frame {
    /// In a module of the program's own: neither Swift's libraries nor SwiftNIO, by the module in its mangled name
    /// (docs/ABI/Mangling.rst in the Swift repository).
    var isOfProgram: Bool {
        guard !isInlined, let symbol, symbol.hasPrefix("$s") else { return false }
        let rest = symbol.dropFirst(2)
        guard let length = Int(rest.prefix { $0.isASCII && $0.isNumber }), length > 0 else { return false }
        let name = rest.drop { $0.isNumber }.prefix(length)
        return !name.hasPrefix("NIO") && !["Dispatch", "Foundation", "FoundationEssentials"].contains(name)
    }

    /// The function with which the program begins, and what the compiler makes around it.
    var isOfMain: Bool { function.map { $0.hasSuffix(".main()") || $0.hasSuffix(".$main()") } ?? false }
}
