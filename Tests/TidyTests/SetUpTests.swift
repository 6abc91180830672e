import Foundation
import Testing

/// The launchers install what is missing, once: a second start needs no network.
@Suite struct SetUpTests {
    @Test func whatIsThereIsNotInstalledAgain() throws {
        // These tests were built, so the packages are there. An `apt-get` that is asked for one fails.
        let script = """
            set -euo pipefail
            apt-get() { echo "asked for $*" >&2; exit 3; }
            sudo() { "$@"; }
            here=\(SourceTree.root.path)
            source "$here/scripts/set-up.sh"
            set_up_packages build test
            """
        let (code, output) = try bash(script)
        #expect(code == 0, "\(output)")
        #expect(output.isEmpty)
    }

    @Test func aMissingPackageIsAskedFor() throws {
        let script = """
            set -euo pipefail
            apt-get() { echo "asked for $*" >&2; }
            sudo() { "$@"; }
            here=\(SourceTree.root.path)
            source "$here/scripts/set-up.sh"
            trial_packages=(no-such-package:/nowhere/*/at-all)
            set_up_packages trial
            """
        let (code, output) = try bash(script)
        #expect(code == 0, "\(output)")
        #expect(output.contains("no-such-package"))
    }

    private func bash(_ script: String) throws -> (code: Int32, output: String) {
        let process = Process(), pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
