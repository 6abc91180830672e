/// The address that connect(2) was given, read from the thread's memory.
enum SocketAddressDecoder {
    /// "10.0.0.1:80", "[::1]:80", "/run/x" or "@abstract"; nil for other families, or what cannot be read.
    static func text(_ context: WaitContext) -> String? {
        // sockaddr_un, unix(7): a family and at most 108 bytes.
        let length = Int(min(context.argument(2), 110))
        guard let bytes = try? context.memory.bytes(at: context.argument(1), upTo: length) else { return nil }
        return text(bytes)
    }

    static func text(_ bytes: [UInt8]) -> String? {
        guard bytes.count >= 2 else { return nil }
        // ip(7), ipv6(7): family, port in network order, address; IPv6 has flow information between them.
        switch Int(bytes[0]) | Int(bytes[1]) << 8 {
        case 2 where bytes.count >= 8:
            return bytes[4..<8].map(String.init).joined(separator: ".") + ":\(port(bytes))"
        case 10 where bytes.count >= 24:
            return "[\(SocketTable.address6(Array(bytes[8..<24])))]:\(port(bytes))"
        case 1 where bytes.count > 2:
            let name = bytes[2...]
            return name.first == 0
                ? "@" + String(decoding: name.dropFirst(), as: UTF8.self) : String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        default: return nil
        }
    }

    private static func port(_ bytes: [UInt8]) -> Int { Int(bytes[2]) << 8 | Int(bytes[3]) }
}
