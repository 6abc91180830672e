/// What an answer of HTTP that a thread reads still owes it, by what the client's objects keep: the bytes that its length or its chunk
/// leaves to come, or the end of the answer to a request that asked for something to be done. A subscription is asked for by GET.
struct AnswerRest {
    let objects: PythonObjects

    private static let frameLimit = 16
    private static let operations: Set<String> = ["POST", "PUT", "PATCH"]

    /// In words; nil where nothing is owed.
    func words(_ frames: [PythonFrame]) -> String? {
        frames.prefix(Self.frameLimit).prefix { $0.code.isOfLibrary }.lazy.compactMap { $0.local("self", objects) }.compactMap(rest).first
    }

    /// Of the object in whose method a thread stands: http.client's answer, urllib3's around one, or httpcore's connection around h11's.
    func rest(_ this: UInt64) -> String? {
        guard let type = objects.type(of: this), type.isHeapType else { return nil }
        if type.descends(from: "http.client.HTTPResponse") { return standard(this) }
        if type.fullName == "aiohttp.client_reqrep.ClientResponse" {
            return objects.attribute("content", of: this).flatMap { objects.attribute("_eof", of: $0) } != nil ? words([], method: objects.attribute("method", of: this).flatMap(text)) : nil
        }
        for name in ["_original_response", "_fp", "_h11_state"] {
            guard let inner = objects.attribute(name, of: this), let type = objects.type(of: inner) else { continue }
            if type.descends(from: "http.client.HTTPResponse") { return standard(inner) }
            if type.fullName == "h11._connection.Connection" { return h11(inner) }
        }
        return nil
    }

    /// Lib/http/client.py: `status` is a number from the head on, `fp` None from the end on.
    private func standard(_ answer: UInt64) -> String? {
        let values = Dictionary(objects.attributes(of: answer).prefix(64).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        guard values["status"].flatMap(objects.integer) != nil, let stream = values["fp"].flatMap({ objects.type(of: $0) }), stream.fullName != "NoneType" else { return nil }
        let left = [values["length"], values["chunk_left"]].compactMap { $0.flatMap(objects.integer) }
        return words(left, method: values["_method"].flatMap(text))
    }

    /// h11/_connection.py, h11/_readers.py: its reader is an object while a body comes.
    private func h11(_ connection: UInt64) -> String? {
        guard let reader = objects.attribute("_reader", of: connection), objects.type(of: reader)?.module == "h11._readers" else { return nil }
        let left = ["_remaining", "_bytes_in_chunk"].compactMap { objects.attribute($0, of: reader).flatMap(objects.integer) }
        return words(left, method: objects.attribute("_request_method", of: connection).flatMap(text))
    }

    private func words(_ left: [Int], method: String?) -> String? {
        if let missing = left.first(where: { $0 > 0 }) { return "\(missing) bytes of the answer" }
        return method.flatMap { Self.operations.contains($0) ? "the end of the answer to its \($0)" : nil }
    }

    private func text(_ value: UInt64) -> String? {
        switch objects.type(of: value)?.fullName {
        case "str": objects.string(value)
        case "bytes": objects.bytes(value, limit: 16).map { String(decoding: $0, as: UTF8.self) }
        default: nil
        }
    }
}
