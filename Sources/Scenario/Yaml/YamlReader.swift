internal import CYaml
internal import Evidence

/// Turns the bytes of a YAML file into nodes with positions.
///
/// It drives the event parser that Yams ships (CYaml) and composes by itself: Yams' own
/// composer resolves aliases without asking, forgets where keys stand, and stops at the
/// first duplicate. Anchors, aliases and tags are refused, so that a document is never
/// larger than its text; size and depth are bounded before anything recurses.
struct YamlReader {
    /// Generous for a file that people write by hand.
    static let sizeLimit_bytes = 256 * 1024
    /// The deepest shipped scenario nests 7 levels.
    static let depthLimit = 32

    /// The document's root, or nil with what was wrong reported.
    static func read(_ bytes: [UInt8], problems: Problems) -> YamlNode? {
        guard bytes.count <= sizeLimit_bytes else {
            problems.report(
                .size, at: Position(line: 1, column: 1),
                "the file has \(bytes.count) bytes; at most \(sizeLimit_bytes) are read",
                hint: "Move long bodies to files of their own and name them with \"@path\".")
            return nil
        }
        return bytes.withUnsafeBufferPointer { buffer in
            var parser = yaml_parser_t()
            guard yaml_parser_initialize(&parser) == 1 else {
                problems.report(.syntax, at: Position(line: 1, column: 1), "no memory for the YAML parser", hint: nil)
                return nil
            }
            defer { yaml_parser_delete(&parser) }
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            // libyaml wants an address even for nothing.
            var nothing: UInt8 = 0
            return withUnsafePointer(to: &nothing) { empty in
                yaml_parser_set_input_string(&parser, buffer.baseAddress ?? empty, buffer.count)
                return withUnsafeMutablePointer(to: &parser) { pointer in
                    var composer = Composer(parser: pointer, bytes: buffer, problems: problems)
                    do {
                        return try composer.document()
                    } catch {
                        return nil
                    }
                }
            }
        }
    }
}

/// Stops composing; the reason has been reported.
private struct Refused: Error {}

private struct Composer {
    let parser: UnsafeMutablePointer<yaml_parser_t>
    let bytes: UnsafeBufferPointer<UInt8>
    let problems: Problems

    enum Token {
        case scalar(String, isPlain: Bool)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
        case documentStart, end, other
    }

    mutating func document() throws(Refused) -> YamlNode? {
        while true {
            let (token, position) = try next()
            switch token {
            case .documentStart: break
            case .end:
                problems.report(
                    .syntax, at: Position(line: 1, column: 1), "the file is empty",
                    hint: "`hangscope scenario new NAME` writes one to start from.")
                throw Refused()
            case .other: continue
            default: throw refuse(position, "unexpected content", hint: nil)
            }
            let (first, at) = try next()
            let root = try node(first, at: at, depth: 1)
            while true {
                let (token, position) = try next()
                switch token {
                case .end: return root
                case .documentStart:
                    throw refuse(position, "a second document begins here", hint: "Keep one scenario in each file.")
                default: continue
                }
            }
        }
    }

    private mutating func node(_ token: Token, at position: Position, depth: Int) throws(Refused) -> YamlNode {
        guard depth <= YamlReader.depthLimit else {
            throw refuse(position, "nested deeper than \(YamlReader.depthLimit) levels", hint: nil)
        }
        switch token {
        case .scalar(let text, let isPlain):
            return YamlNode(position: position, content: .scalar(text, isPlain: isPlain))
        case .sequenceStart:
            var nodes: [YamlNode] = []
            while true {
                let (token, position) = try next()
                if case .sequenceEnd = token { break }
                nodes.append(try node(token, at: position, depth: depth + 1))
            }
            return YamlNode(position: position, content: .sequence(nodes))
        case .mappingStart:
            return YamlNode(position: position, content: .mapping(try entries(depth: depth)))
        default:
            throw refuse(position, "a value was expected here", hint: nil)
        }
    }

    private mutating func entries(depth: Int) throws(Refused) -> [YamlNode.Entry] {
        var entries: [YamlNode.Entry] = []
        var seen: [String: Position] = [:]
        while true {
            let (token, position) = try next()
            if case .mappingEnd = token { return entries }
            guard case .scalar(let key, _) = token else {
                throw refuse(position, "a key must be plain text", hint: nil)
            }
            let (first, at) = try next()
            let value = try node(first, at: at, depth: depth + 1)
            if let earlier = seen[key] {
                problems.report(
                    .duplicateKey, at: position, "`\(clipped(key, to: 64))` stands here a second time",
                    hint: "It is already given at line \(earlier.line).")
                continue
            }
            seen[key] = position
            entries.append(.init(key: key, position: position, value: value))
        }
    }

    /// The next event; anchors, aliases and tags end the reading here, before anything is composed of them.
    private mutating func next() throws(Refused) -> (Token, Position) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&event) }
        let position = Position(line: event.start_mark.line + 1, column: event.start_mark.column + 1)
        func check(anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?) throws(Refused) {
            if anchor != nil { throw refuseAlias(position, "an anchor (`&name`)") }
            if tag != nil {
                throw refuse(position, "tags (`!name`) are not used in scenarios", hint: "Write the value by itself, in quotes if it is text.")
            }
        }
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try check(anchor: scalar.anchor, tag: scalar.tag)
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return (.scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), position)
        case YAML_SEQUENCE_START_EVENT:
            try check(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag)
            return (.sequenceStart, position)
        case YAML_MAPPING_START_EVENT:
            try check(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag)
            return (.mappingStart, position)
        case YAML_ALIAS_EVENT: throw refuseAlias(position, "an alias (`*name`)")
        case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, position)
        case YAML_MAPPING_END_EVENT: return (.mappingEnd, position)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, position)
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return (.end, position)
        default: return (.other, position)
        }
    }

    private func refuse(_ position: Position, _ message: String, hint: String?) -> Refused {
        problems.report(.syntax, at: position, message, hint: hint)
        return Refused()
    }

    private func refuseAlias(_ position: Position, _ what: String) -> Refused {
        problems.report(
            .alias, at: position, "\(what) is not allowed in scenarios",
            hint: "Write the value out; if it is text that begins with `&` or `*`, put it in quotes.")
        return Refused()
    }

    private func syntaxError() -> Refused {
        let state = parser.pointee
        let message = state.problem.map { String(cString: $0) } ?? "not YAML"
        if state.error == YAML_READER_ERROR {
            return refuse(position(ofByte: Int(clamping: state.problem_offset)), "not UTF-8 text: \(message)", hint: "Save the file as UTF-8.")
        }
        let mark = state.problem_mark
        var text = message
        if let context = state.context {
            text = "\(String(cString: context)) (line \(state.context_mark.line + 1)): \(message)"
        }
        return refuse(
            Position(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1), text,
            hint: text.contains("token") || text.contains("map") ? "Check the indentation, and quote text that holds `: `, `#`, `{` or `[`." : nil)
    }

    /// Line and column of a byte; columns in bytes, since what follows is not text.
    private func position(ofByte offset: Int) -> Position {
        var position = Position(line: 1, column: 1)
        for byte in bytes.prefix(max(0, offset)) {
            if byte == UInt8(ascii: "\n") {
                position.line += 1
                position.column = 1
            } else {
                position.column += 1
            }
        }
        return position
    }
}
