import Foundation
import Synchronization
import Testing

/// A way in which a program of the field is built.
enum ZooBuild: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// As the package's build makes it.
    case debug
    case optimised, optimisedStripped, staticLibrary, staticStripped
    /// With allocators that keep what was freed, and terabytes of reserved address space.
    case addressSanitizer, threadSanitizer
    /// The package's, with another allocator.
    case jemalloc

    var testDescription: String { rawValue }

    /// Whether names of functions can be had.
    var hasSymbols: Bool { self != .optimisedStripped && self != .staticStripped }

    private var arguments: [String]? {
        let strip = ["-Xlinker", "-s"]
        return switch self {
        case .debug, .jemalloc: nil
        case .optimised: ["-O", "-g"]
        case .optimisedStripped: ["-O"] + strip
        case .addressSanitizer: ["-O", "-sanitize=address"]
        case .threadSanitizer: ["-O", "-sanitize=thread"]
        case .staticLibrary: ["-O", "-static-stdlib"]
        case .staticStripped: ["-O", "-static-stdlib"] + strip
        }
    }

    var environment: [String: String] { self == .jemalloc ? ["LD_PRELOAD": Self.jemallocLibrary] : [:] }

    private static let jemallocLibrary = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
    private static let building = Mutex(())

    /// The program; cancels the test, saying why, where this build cannot be had.
    func executable() throws -> URL {
        if self == .jemalloc, !FileManager.default.fileExists(atPath: Self.jemallocLibrary) {
            try Test.cancel("\(Self.jemallocLibrary) is not installed")
        }
        guard let arguments else { return StandingProgram.products.appending(path: "standing-swift") }
        return try Self.building.withLock { _ in try build(arguments) }
    }

    /// Kept beside the tests, and made anew when a source is younger.
    private func build(_ arguments: [String]) throws -> URL {
        let files = FileManager.default
        let folder = StandingProgram.products.appending(path: "standing-swift-builds")
        let program = folder.appending(path: rawValue)
        let sources = try Self.sources()
        let newest = try sources.map { try Self.age(of: $0) }.max() ?? .distantPast
        if let built = try? Self.age(of: program), built > newest { return program }
        guard let compiler = Self.compiler else { try Test.cancel("swiftc is not on the PATH") }
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let stub = folder.appending(path: "NoLibraries.swift")
        try Data("extension Exhibit { static let libraries: [String: Exhibit] = [:], orders: [String: Exhibit] = [:] }\n".utf8).write(to: stub, options: .atomic)
        let draft = folder.appending(path: "\(rawValue)-\(ProcessInfo.processInfo.processIdentifier)")
        let log = try Self.run(
            compiler, arguments + ["-swift-version", "6", "-parse-as-library", "-module-name", "standing_swift", "-o", draft.path]
                + (sources + [stub]).map(\.path))
        guard files.fileExists(atPath: draft.path) else {
            if log.contains("is not supported for target") || log.contains("libclang_rt") {
                try Test.cancel("the toolchain has no such sanitizer")
            }
            if arguments.contains("-static-stdlib"), log.contains("static") { try Test.cancel("the static standard library is not installed") }
            throw NotBuilt(log: String(log.suffix(2000)))
        }
        _ = rename(draft.path, program.path)
        return program
    }

    struct NotBuilt: Error { var log: String }

    /// All but what needs packages.
    private static func sources() throws -> [URL] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Programs/standing-swift").standardizedFileURL
        let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        let sources = all.filter { $0.pathExtension == "swift" && !$0.path.contains("/Libraries/") }
        try #require(!sources.isEmpty)
        return sources.sorted { $0.path < $1.path }
    }

    private static func age(of file: URL) throws -> Date {
        try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date ?? .distantFuture
    }

    private static let compiler = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { URL(filePath: String($0)).appending(path: "swiftc") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }

    private static func run(_ executable: URL, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }
}
