/// Addresses of this machine, as one network namespace has them.
struct LocalAddresses {
    /// What every namespace has.
    static let everywhere: Set<String> = ["0.0.0.0", "::", "::1"]
    private var hosts = Self.everywhere

    init(pid: Int32) {
        // fib_trie lists every address with "/32 host LOCAL" on the line after it.
        var last = ""
        for line in ((try? ProcFile.text("/proc/\(pid)/net/fib_trie", limit: 16 << 20)) ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.contains("LOCAL") && words.contains("host") { hosts.insert(last) }
            if words.first == "|--", words.count > 1 { last = String(words[1]) }
        }
    }

    func contains(_ host: String) -> Bool { host.hasPrefix("127.") || hosts.contains(host) }

    /// Sockets show IPv6 addresses as inet_ntop writes them; if_inet6 has plain hexadecimal.
    mutating func addIPv6(pid: Int32, format: ([UInt8]) -> String) {
        for line in ((try? ProcFile.text("/proc/\(pid)/net/if_inet6")) ?? "").split(separator: "\n") {
            let digits = Array(line.prefix(32).utf8)
            guard digits.count == 32 else { continue }
            let bytes = stride(from: 0, to: 32, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) }
            if bytes.count == 16 { hosts.insert(format(bytes)) }
        }
    }
}
