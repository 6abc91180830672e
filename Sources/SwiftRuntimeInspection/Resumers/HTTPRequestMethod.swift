internal import ProcessInspection

/// The method of a request that has something done, in SwiftNIO's `HTTPRequestHead` (NIOHTTP1/HTTPTypes.swift): its storage has the method at +16,
/// then the URI.
///
/// HTTPMethod has one case with a String, and others without: these lie in the String's second word as their numbers in the source.
enum HTTPRequestMethod {
    static let className = "HTTPRequestHead._Storage"
    private static let numbers: [UInt64: String] = [1: "PUT", 4: "POST", 10: "PATCH"]

    /// nil for other methods, and where no such head lies.
    static func read(at object: UInt64, memory: any MemoryReader) -> String? {
        guard let (_, number) = memory.pair(object &+ 16), SwiftString.read(at: object &+ 32, memory: memory)?.first == "/" else { return nil }
        return numbers[number]
    }
}
