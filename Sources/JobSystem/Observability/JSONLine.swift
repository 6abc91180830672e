/// One JSON object on one line, built key by key in the order given; a key is written once.
struct JSONLine {
    enum Value: Sendable {
        case string(String), integer(Int), number(Double), bool(Bool)
    }

    private(set) var text = "{"
    private var keys: Set<String> = []

    /// Adds a member unless the line has that key already.
    mutating func add(_ key: String, _ value: Value) {
        guard keys.insert(key).inserted else { return }
        if text.utf8.count > 1 { text += "," }
        append(quoted: key)
        text += ":"
        switch value {
        case .string(let string): append(quoted: string)
        case .integer(let integer): text += "\(integer)"
        // JSON has no infinities; a time that is one is unknown.
        case .number(let number): text += number.isFinite ? "\(number)" : "null"
        case .bool(let bool): text += bool ? "true" : "false"
        }
    }

    /// The finished object with its newline.
    var line: String { text + "}\n" }

    private mutating func append(quoted string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f || scalar.value == 0x2028 || scalar.value == 0x2029:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSONLine.Value {
    /// Rounded to microseconds: what a duration or a time can mean here.
    static func seconds(_ value: Double) -> Self { .number((value * 1e6).rounded() / 1e6) }
}
