import Evidence
import Foundation
import Reporting
import Testing

/// Checks that a file is what its name says, without a parser of the sink's own kind at hand.
enum Wellformed {
    static func check(_ file: RenderedFile) throws {
        if file.name.hasSuffix(".json") { _ = try JSONDecoder().decode(JSONValue.self, from: file.contents) }
        if file.name.hasSuffix(".xml") { try xml(file.text) }
        if file.name.hasSuffix(".html") { try html(file.text) }
        if file.name.hasSuffix(".md") { markdown(file.text) }
    }

    private static func xml(_ text: String) throws {
        let illegal = text.unicodeScalars.first { scalar in
            // XML 1.0, production 2.
            switch scalar.value {
            case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: false
            default: true
            }
        }
        #expect(illegal == nil)
        let tags = try tags(of: text).map(name)
        #expect(tags.allSatisfy { ["?xml", "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"].contains($0) })
    }

    private static func html(_ text: String) throws {
        let tags = try tags(of: text)
        let names = tags.map(name)
        #expect(names.count { $0 == "script" } == 1)
        #expect(names.count { $0 == "style" } == 1)
        #expect(!names.contains { ["img", "iframe", "object", "form", "link", "base"].contains($0) })
        for tag in tags where tag.contains("href=\"") {
            let target = tag[(try #require(tag.range(of: "href=\"")).upperBound)...].prefix { $0 != "\"" }
            #expect(target.hasPrefix("#") || !target.contains(":"), "\(tag) leads away")
        }
        #expect(!tags.contains { $0.contains(" src=\"") || $0.contains(" onerror=\"") || $0.contains(" style=\"") })
    }

    private static func markdown(_ text: String) {
        let text = withoutCodeSpans(text).replacingOccurrences(of: "\\]", with: "")
        #expect(!text.contains("<script") && !text.contains("<img") && !text.contains("](javascript"))
        #expect(!text.contains("@everyone"))
        #expect(text.split(separator: "\n").allSatisfy { !$0.hasPrefix("```") })
    }

    /// What a reader of CommonMark takes for code cannot be markup.
    private static func withoutCodeSpans(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var out = ""
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "`", index == 0 || scalars[index - 1] != "\\" else {
                out.unicodeScalars.append(scalars[index])
                index += 1
                continue
            }
            let fence = scalars[index...].prefix { $0 == "`" }.count
            index += fence
            while index < scalars.count {
                let run = scalars[index...].prefix { $0 == "`" }.count
                index += max(run, 1)
                if run == fence { break }
            }
        }
        return out
    }

    private static func name(_ tag: String) -> String { String(tag.prefix { $0 != " " && $0 != "/" && $0 != "\n" }) }

    /// Opening tags, without their brackets; fails when one is not closed, or closed out of turn.
    static func tags(of text: String) throws -> [String] {
        let bytes = Array(text.utf8)
        let void: Set<String> = ["meta", "input", "br", "!doctype"]
        var names: [String] = []
        var open: [String] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<") else {
                index += 1
                continue
            }
            var end = index + 1
            var quote: UInt8?
            while end < bytes.count, quote != nil || bytes[end] != UInt8(ascii: ">") {
                if quote == bytes[end] { quote = nil } else if quote == nil, bytes[end] == UInt8(ascii: "\"") { quote = bytes[end] }
                // Expectations are too slow for every byte.
                if bytes[end] == UInt8(ascii: "<") { try #require(Bool(false), "a tag within a tag at byte \(index)") }
                end += 1
            }
            let tag = String(decoding: bytes[(index + 1)..<min(end, bytes.count)], as: UTF8.self)
            index = end + 1
            if tag.hasPrefix("/") {
                let last = open.popLast()
                try #require(last == String(tag.dropFirst()), "</\(tag.dropFirst(1).prefix(30))> closes \(last ?? "nothing")")
                continue
            }
            let name = name(tag)
            names.append(tag)
            if !tag.hasSuffix("/"), !name.hasPrefix("?"), !void.contains(name) { open.append(name) }
            if name == "script" || name == "style" {
                // Raw text: runs to the closing tag.
                let close = Array("</\(name)>".utf8)
                while index + close.count <= bytes.count, !bytes[index..<index + close.count].elementsEqual(close) { index += 1 }
            }
        }
        try #require(open.isEmpty, "not closed: \(open.suffix(5))")
        return names
    }
}
