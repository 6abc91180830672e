internal import Foundation
internal import Harness
internal import Synchronization

/// Where a run stands: one line in place on a terminal, a line for each change of phase elsewhere.
final class ProgressDisplay: Sendable {
    private let isTerminal: Bool
    private let last = Mutex<(phase: String, text: String)>(("", ""))

    init(isTerminal: Bool = isatty(2) == 1) { self.isTerminal = isTerminal }

    func show(_ progress: RunProgress) {
        let time = String(format: "%4.0f s", progress.scenario_s)
        let variant = progress.variant.padding(toLength: 8, withPad: " ", startingAt: 0)
        let text = "\(variant) \(time)  \(progress.detail)"
        let phase = "\(progress.variant) \(progress.phase)"
        let line: String? = last.withLock { last in
            defer { last = (phase, text) }
            if isTerminal { return text == last.text ? nil : "\r\u{1B}[2K" + String(text.prefix(Self.width - 1)) }
            return phase == last.phase ? nil : text + "\n"
        }
        if let line { FileHandle.standardError.write(Data(line.utf8)) }
    }

    /// Takes the line in place away again.
    func finish() { if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8)) } }

    private static var width: Int { TerminalSize.columns }
}

/// Columns of the terminal; 100 where there is none.
enum TerminalSize {
    static var columns: Int {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 100 }
        return Int(size.ws_col)
    }
}
