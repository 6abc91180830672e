internal import CLinux
internal import Glibc
internal import Synchronization

/// A function at some address, by the debugging information.
package struct SourceFrame: Hashable {
    /// Mangled where the language mangles.
    package var function: String?
    package var file: String?
    package var line: Int?
    package var column: Int?
    package var isInlined: Bool
}

/// The debugging information of one image; units are read when first asked for.
final class SourceFrames: Sendable {
    // C state that is not safe to share; only touched under the lock.
    private struct State {
        nonisolated(unsafe) let image: OpaquePointer
        nonisolated(unsafe) var pointer: OpaquePointer?
        var isOpened = false
    }
    private let state: Mutex<State>

    /// - Parameter image: must outlive this object.
    init(image: OpaquePointer) { state = Mutex(State(image: image)) }

    deinit { state.withLock { hs_dwarf_close($0.pointer) } }

    /// Innermost inlined function first; empty where nothing is known.
    func frames(at address: UInt64) -> [SourceFrame] {
        state.withLock { state in
            // Only when it is asked for: compressed sections take their time.
            if !state.isOpened {
                state.pointer = hs_dwarf_open(state.image)
                state.isOpened = true
            }
            guard let pointer = state.pointer else { return [] }
            return withUnsafeTemporaryAllocation(of: hs_source_frame.self, capacity: 64) { buffer in
                let count = Int(hs_dwarf_frames(pointer, address, buffer.baseAddress, Int32(buffer.count)))
                return buffer.prefix(count).map(Self.frame)
            }
        }
    }

    private static func frame(_ raw: hs_source_frame) -> SourceFrame {
        SourceFrame(
            function: raw.function.map { String(cString: $0) }, file: path(raw), line: raw.line == 0 ? nil : Int(raw.line),
            column: raw.column == 0 ? nil : Int(raw.column), isInlined: raw.is_inlined != 0)
    }

    private static func path(_ raw: hs_source_frame) -> String? {
        guard let file = raw.file.map({ String(cString: $0) }), !file.isEmpty, file != "<compiler-generated>", file != "<stdin>" else { return nil }
        if file.hasPrefix("/") { return file }
        guard let directory = raw.directory.map({ String(cString: $0) }), !directory.isEmpty else { return file }
        return directory + "/" + file
    }
}
