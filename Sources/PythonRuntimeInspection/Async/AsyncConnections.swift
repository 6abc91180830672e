/// The connection that a task's HTTP client reads an answer from, and what of that is owed: httpx by way of httpcore and anyio, and aiohttp. Also the one that
/// a task reads messages from, whichever end of it has asked for a websocket.
struct AsyncConnections {
    let objects: PythonObjects

    private static let frameLimit = 24
    /// Of those between the wait and the client, whose objects have the transport.
    private static let depth = 8
    /// By class: packages move those that they export into a module of their own name.
    private static let clients = ["AsyncHTTP11Connection": "httpcore", "AsyncHTTP2Connection": "httpcore", "ClientResponse": "aiohttp", "StreamReader": "aiohttp"]
    /// Methods that return only with the whole body: httpx/_models.py, aiohttp/client_reqrep.py.
    private static let whole: Set<String> = ["Response.aread", "ClientResponse.read"]
    private static let paths = [
        ["_transport"], ["transport"], ["_protocol", "transport"], ["_protocol", "_transport"], ["_connection", "_protocol", "transport"], ["connection", "_protocol", "transport"],
    ]

    /// By class of aiohttp.
    private static let sockets: Set<String> = ["ClientWebSocketResponse", "WebSocketResponse"]

    /// - Parameter frames: of the task, innermost first.
    /// - Returns: the descriptor of the connection from which it waits for a message; nil where it waits for none.
    func messages(_ frames: [PythonFrame]) -> Int32? {
        let owners = frames.prefix(Self.frameLimit).prefix(while: \.code.isOfLibrary).map { ($0.code.name, $0.local("self", objects) ?? 0) }
        let client = owners.firstIndex { name, owner in name.hasSuffix(".receive") && objects.type(of: owner).map { Self.sockets.contains($0.name) && $0.module.hasPrefix("aiohttp.") } == true }
        guard let client, !owners[..<client].contains(where: { Self.isWriting($0.0) }) else { return nil }
        return owners[..<client].lazy.compactMap { connection(of: $0.1) }.first
    }

    /// - Parameter frames: of the task, innermost first.
    /// - Returns: the connection's descriptor, and what of an answer that has begun has not come, in words; nil where no client reads.
    func reading(_ frames: [PythonFrame]) -> (descriptor: Int32, owed: String?)? {
        let library = frames.prefix(Self.frameLimit).prefix(while: \.code.isOfLibrary)
        let owners = library.map { $0.local("self", objects) ?? 0 }
        guard let client = owners.indices.first(where: { isClient(owners[$0]) }),
            !library[...client].contains(where: { Self.isWriting($0.code.name) }),
            let descriptor = owners.prefix(max(Self.depth, client + 1)).lazy.compactMap({ connection(of: $0) }).first
        else { return nil }
        let isWhole = library.contains { Self.whole.contains($0.code.name) }
        let rest = AnswerRest(objects: objects)
        let owed = rest.words(frames) ?? answer(read: owners[client], frames).flatMap { rest.rest($0) }
        return (descriptor, owed ?? (isWhole ? "the end of the answer" : nil))
    }

    /// aiohttp's answer, which whoever reads its body line by line holds: the body's reader does not refer to it.
    private func answer(read reader: UInt64, _ frames: [PythonFrame]) -> UInt64? {
        frames.prefix(Self.frameLimit).lazy.flatMap { $0.locals(objects) }.map(\.value).first { value in
            objects.type(of: value)?.name == "ClientResponse" && objects.attribute("content", of: value) == reader
        }
    }

    private func isClient(_ owner: UInt64) -> Bool {
        guard let type = objects.type(of: owner), let package = Self.clients[type.name] else { return false }
        guard type.module == package || type.module.hasPrefix(package + ".") else { return false }
        // Servers read what they are sent by the same class.
        return type.name != "StreamReader" || objects.attribute("_protocol", of: owner).flatMap { objects.type(of: $0) }?.name == "ResponseHandler"
    }

    private static func isWriting(_ function: String) -> Bool {
        let name = function.split(separator: ".").last.map { $0.drop { $0 == "_" } } ?? ""
        return ["send", "write", "drain", "close", "aclose"].contains { name.hasPrefix($0) }
    }

    private func connection(of owner: UInt64) -> Int32? {
        guard owner != 0 else { return nil }
        return Self.paths.lazy.compactMap { path in path.reduce(Optional(owner)) { object, name in object.flatMap { objects.attribute(name, of: $0) } } }
            .compactMap { descriptor(ofTransport: $0) }.first
    }

    /// asyncio/selector_events.py; asyncio/sslproto.py around one; uvloop's.
    func descriptor(ofTransport transport: UInt64) -> Int32? {
        if let descriptor = LibuvHandle.descriptor(of: transport, objects) { return descriptor }
        let inner = objects.attribute("_ssl_protocol", of: transport).flatMap { objects.attribute("_transport", of: $0) } ?? transport
        return objects.attribute("_sock_fd", of: inner).flatMap(objects.integer).flatMap { Int32(exactly: $0) }
    }
}
