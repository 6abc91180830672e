internal import Foundation

/// A line for people, on standard error: standard output is for what was asked for.
func complain(_ message: String) {
    FileHandle.standardError.write(Data((message + "\n").utf8))
}
