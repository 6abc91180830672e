/// Takes secrets out of captured text: values known to be secret wherever they stand,
/// and what looks like one (`password=...`, `Bearer ...`, `https://user:pass@host`, well-known key formats).
///
/// Linear in the text; never grows it by more than the marks it puts in.
public struct Redaction: Sendable {
    public static let mark = "[redacted]"

    /// Values to take out wherever they occur, longest first so that no part of one is left standing.
    private let known: [[UInt8]]

    /// - Parameter known: secrets to take out; those shorter than 6 bytes are passed over, since they would blot out ordinary words.
    public init(known: some Sequence<String> = []) {
        self.known = Set(known).map { Array($0.utf8) }.filter { $0.count >= 6 }
            .sorted { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count > $1.count }
    }

    /// The text without its secrets; the same string when there are none.
    public func text(_ text: String) -> String {
        var bytes = Array(text.utf8)
        var changed = false
        for secret in known where replace(secret, in: &bytes) { changed = true }
        var scanner = SecretScanner(bytes: bytes)
        if let scanned = scanner.redacted() { return String(decoding: scanned, as: UTF8.self) }
        return changed ? String(decoding: bytes, as: UTF8.self) : text
    }

    /// A command line without its secrets: `--token abc` loses `abc` as `--token=abc` does.
    public func arguments(_ arguments: [String]) -> [String] {
        var result: [String] = []
        result.reserveCapacity(arguments.count)
        var hidesNext = false
        for argument in arguments {
            if hidesNext, !argument.hasPrefix("-") {
                result.append(Self.mark)
                hidesNext = false
                continue
            }
            result.append(text(argument))
            hidesNext = argument.hasPrefix("-") && !argument.contains("=") && Self.isSecretName(argument)
        }
        return result
    }

    /// A JSON value without secrets: members with a secret's name and bodies of requests lose their value.
    public func value(_ value: JSONValue, named name: String = "", depth: Int = 0) -> JSONValue {
        guard depth < 16 else { return .string("[nested too deeply]") }
        if !name.isEmpty, case .string(let string) = value {
            if Self.isSecretName(name) { return .string(Self.mark) }
            if Self.isBodyName(name) { return .string("[redacted: \(string.utf8.count) bytes]") }
        }
        switch value {
        case .string(let string): return .string(text(string))
        case .array(let values): return .array(values.map { self.value($0, named: name, depth: depth + 1) })
        case .object(let members):
            return .object(Dictionary(
                members.map { (text($0.key), self.value($0.value, named: $0.key, depth: depth + 1)) },
                uniquingKeysWith: { first, _ in first }))
        default: return value
        }
    }

    private func replace(_ secret: [UInt8], in bytes: inout [UInt8]) -> Bool {
        guard let first = secret.first, bytes.count >= secret.count else { return false }
        var out: [UInt8] = []
        var index = 0
        var found = false
        while index < bytes.count {
            if bytes[index] == first, index + secret.count <= bytes.count,
                bytes[index..<index + secret.count].elementsEqual(secret)
            {
                out.append(contentsOf: Self.mark.utf8)
                index += secret.count
                found = true
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        if found { bytes = out }
        return found
    }
}

extension Redaction {
    /// Last words of a name whose value is a secret.
    private static let secretWords: Set<String> = [
        "secret", "secrets", "password", "passwd", "pwd", "pass", "passphrase", "token", "apikey", "authtoken", "credential",
        "credentials", "authorization", "cookie", "auth", "accesskey", "secretkey", "privatekey", "sas", "signature", "jwt", "pat",
    ]
    /// Words before a final "key" (or "id" of a session) that make it a secret.
    private static let keyQualifiers: Set<String> = [
        "api", "access", "private", "secret", "signing", "account", "encryption", "auth", "master", "license",
    ]
    private static let bodyWords: Set<String> = ["body", "prompt", "completion", "payload", "script", "messages", "content"]

    /// Whether a variable, option, header or member of this name holds a secret: `OPENAI_API_KEY`, `--db-password`, `authToken`.
    public static func isSecretName(_ name: String) -> Bool {
        let words = words(of: name)
        guard let last = words.last else { return false }
        if secretWords.contains(last) { return true }
        guard last == "key" || last == "keys", words.count >= 2 else { return false }
        return keyQualifiers.contains(words[words.count - 2])
    }

    /// Whether a member of this name holds what a client sent or a server answered, which may be private.
    public static func isBodyName(_ name: String) -> Bool {
        words(of: name).last.map(bodyWords.contains) ?? false
    }

    /// Whether a value looks made by a machine to be secret: long, of letters and digits mixed, no path and no sentence.
    public static func looksRandom(_ value: String) -> Bool {
        let bytes = value.utf8
        guard bytes.count >= 20, bytes.count <= 4096 else { return false }
        var letters = 0
        var digits = 0
        for byte in bytes {
            switch byte {
            case 0x30...0x39: digits += 1
            case 0x41...0x5A, 0x61...0x7A: letters += 1
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: "+"): break
            default: return false
            }
        }
        return letters >= 6 && digits >= 3
    }

    /// Lowercased words of a name split at punctuation and at humps.
    private static func words(of name: String) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var previousIsLower = false
        for byte in name.utf8.suffix(200) {
            let isUpper = (0x41...0x5A).contains(byte)
            let isLower = (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
            if !isUpper && !isLower || isUpper && previousIsLower {
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word = []
            }
            if isUpper { word.append(byte + 0x20) } else if isLower { word.append(byte) }
            previousIsLower = isLower
        }
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }
}
