/// Finds what looks like a secret in a text, in one pass over its bytes.
struct SecretScanner {
    private let bytes: [UInt8]
    private var out: [UInt8] = []
    /// Where the bytes not yet copied to `out` begin.
    private var kept = 0
    private var changed = false

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Prefixes of published key formats (GitHub, GitLab, Slack, AWS, Google, OpenAI and Anthropic, Hugging Face, JWT); 12 or more key characters follow.
    private static let prefixes: [[UInt8]] = [
        "sk-", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA", "ASIA", "AIza", "hf_", "eyJ",
    ].map { Array($0.utf8) }

    /// The text with every secret marked; nil when none was found.
    mutating func redacted() -> [UInt8]? {
        var index = 0
        while index < bytes.count {
            guard isNameByte(bytes[index]) else {
                if bytes[index] == UInt8(ascii: ":") { index = userInfo(at: index) } else { index += 1 }
                continue
            }
            var end = index
            while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
            index = word(from: index, to: end)
        }
        guard changed else { return nil }
        out.append(contentsOf: bytes[kept...])
        return out
    }

    private mutating func hide(from start: Int, to end: Int) {
        out.append(contentsOf: bytes[kept..<start])
        out.append(contentsOf: Redaction.mark.utf8)
        kept = end
        changed = true
    }

    /// Looks at one word; returns where to go on.
    private mutating func word(from start: Int, to end: Int) -> Int {
        let word = bytes[start..<end]
        for prefix in Self.prefixes where word.count >= prefix.count + 12 && word.starts(with: prefix) {
            hide(from: start, to: end)
            return end
        }
        if isScheme(word), end < bytes.count, bytes[end] == UInt8(ascii: " ") {
            let value = valueEnd(from: end + 1)
            if value - end - 1 >= 8 {
                hide(from: end + 1, to: value)
                return value
            }
        }
        return assignment(nameFrom: start, to: end) ?? end
    }

    /// `name=value`, `name: value`, `"name":"value"`: hides the value of a secret's name.
    private mutating func assignment(nameFrom start: Int, to end: Int) -> Int? {
        var index = end
        if index < bytes.count, isQuote(bytes[index]) { index += 1 }
        while index < bytes.count, bytes[index] == UInt8(ascii: " "), index - end < 4 { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "=") || bytes[index] == UInt8(ascii: ":") else { return nil }
        let isEquals = bytes[index] == UInt8(ascii: "=")
        index += 1
        guard index < bytes.count, bytes[index] != UInt8(ascii: ":"), end - start <= 200 else { return nil }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        guard Redaction.isSecretName(name) else { return nil }
        let hasSpace = bytes[index] == UInt8(ascii: " ")
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
        var valueStart = index
        var valueStop: Int
        if index < bytes.count, isQuote(bytes[index]) {
            valueStart = index + 1
            valueStop = valueStart
            while valueStop < bytes.count, bytes[valueStop] != bytes[index] {
                valueStop += bytes[valueStop] == UInt8(ascii: "\\") ? 2 : 1
            }
            valueStop = min(valueStop, bytes.count)
        } else {
            valueStop = valueEnd(from: index)
            if isScheme(bytes[index..<valueStop]), valueStop < bytes.count { valueStop = valueEnd(from: valueStop + 1) }
            // Prose such as "llm.token: received" is not an assignment.
            let value = String(decoding: bytes[valueStart..<valueStop], as: UTF8.self)
            if !isEquals, hasSpace, name.contains("."), !Redaction.looksRandom(value) { return nil }
        }
        let value = bytes[valueStart..<valueStop]
        guard !value.isEmpty, !value.elementsEqual(Redaction.mark.utf8), !isShortNumber(value) else { return nil }
        hide(from: valueStart, to: valueStop)
        return valueStop
    }

    /// `://user:password@`: hides everything before the @.
    private mutating func userInfo(at colon: Int) -> Int {
        guard colon + 2 < bytes.count, bytes[colon + 1] == UInt8(ascii: "/"), bytes[colon + 2] == UInt8(ascii: "/") else { return colon + 1 }
        var index = colon + 3
        var at: Int?
        while index < bytes.count, index - colon < 512 {
            let byte = bytes[index]
            if byte == UInt8(ascii: "@") { at = index }
            if byte <= 0x20 || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || isQuote(byte) { break }
            index += 1
        }
        guard let at, at > colon + 3 else { return colon + 3 }
        hide(from: colon + 3, to: at)
        return at
    }

    private func valueEnd(from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"),
                UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "`"):
                return index
            default: index += 1
            }
        }
        return index
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    private func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private func isScheme(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.count == 6 || word.count == 5 else { return false }
        let lower = word.map { $0 | 0x20 }
        return lower.elementsEqual("bearer".utf8) || lower.elementsEqual("basic".utf8)
    }

    /// A count or a port, not a secret.
    private func isShortNumber(_ value: ArraySlice<UInt8>) -> Bool {
        value.count <= 5 && value.allSatisfy { (0x30...0x39).contains($0) }
    }
}
