internal import Foundation

/// A folder of the run's own for databases and logs; its name tells nothing of the scenario.
struct TemporaryFolder {
    let path: String

    init() throws {
        var template = Array((FileManager.default.temporaryDirectory.path + "/run-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HarnessError(
                code: "no-temporary-folder", message: "cannot make a temporary folder: \(String(cString: strerror(errno)))",
                remedy: "Check that TMPDIR (or /tmp) can be written and has room.")
        }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
