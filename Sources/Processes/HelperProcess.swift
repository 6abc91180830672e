internal import Synchronization

/// Runs a tool to its end, with a limit on its time and output.
package enum HelperProcess {
    package struct Result: Sendable {
        package var status: ExitStatus
        package var output: [UInt8]
        package var error: [UInt8]
        /// More was written than `maximumOutput`; the rest was read and dropped.
        package var wasCut: Bool
        /// It was killed at the deadline.
        package var timedOut: Bool

        package var outputText: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: error, as: UTF8.self) }
    }

    /// - Parameters:
    ///   - deadline: real time after which it is killed.
    ///   - maximumOutput: bytes kept of each stream.
    /// - Throws: `ProcessError` when it cannot be started.
    package static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil,
        workingDirectory: String? = nil, input: [UInt8]? = nil, deadline: Duration, maximumOutput: Int = 1 << 20,
        spawner: any ProcessSpawner = DirectSpawner()
    ) async throws -> Result {
        let child = try await spawner.spawn(
            SpawnRequest(
                executable: executable, arguments: arguments, environment: environment, workingDirectory: workingDirectory,
                stdin: input == nil ? .null : .pipe, stdout: .pipe, stderr: .pipe))
        let output = BoundedBuffer(maximumOutput)
        let error = BoundedBuffer(maximumOutput)
        let readers = [
            PipeReader(child.pipes.output!) { output.append($0) }, PipeReader(child.pipes.error!) { error.append($0) },
        ]
        if let input, let writer = child.pipes.input {
            Task {
                try? await writer.write(input, within: deadline)
                writer.close()
            }
        }
        let finished = await child.wait(for: deadline)
        let status: ExitStatus = if let finished { finished } else { await child.end(grace: .zero) }
        // Whoever inherited the pipe may hold it open after the tool's end: not for long.
        for reader in readers { _ = await reader.ended.wait(for: .milliseconds(500)) }
        readers.forEach { $0.cancel() }
        return Result(
            status: status, output: output.bytes, error: error.bytes, wasCut: output.wasCut || error.wasCut,
            timedOut: finished == nil)
    }
}

/// Keeps the first so many bytes.
private final class BoundedBuffer: Sendable {
    private let content: Mutex<(bytes: [UInt8], wasCut: Bool)> = Mutex(([], false))
    private let maximum: Int

    init(_ maximum: Int) { self.maximum = maximum }

    var bytes: [UInt8] { content.withLock { $0.bytes } }
    var wasCut: Bool { content.withLock { $0.wasCut } }

    func append(_ more: ArraySlice<UInt8>) {
        content.withLock { content in
            let room = maximum - content.bytes.count
            content.bytes.append(contentsOf: more.prefix(room))
            if more.count > room { content.wasCut = true }
        }
    }
}
