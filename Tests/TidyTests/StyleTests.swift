import Foundation
import Testing

@Suite struct StyleTests {
    @Test func filesAreShort() {
        for file in SourceTree.files(under: "Sources", extensions: ["swift", "c", "h"]) + SourceTree.files(under: "Tests") {
            let lines = file.text.count { $0 == "\n" }
            // What C shares within a file stays private to it, so one reader of a format may be longer.
            let limit = file.path.hasSuffix(".c") ? 600 : 400
            #expect(lines <= limit, "\(file.path) has \(lines) lines")
        }
    }

    @Test func nothingIsLeftForLater() {
        // Put together here, so that this file does not find itself.
        let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX:", "HA" + "CK:"]
        for file in SourceTree.files(under: "Sources", extensions: ["swift", "c", "h"]) + SourceTree.files(under: "Tests")
            + SourceTree.files(under: "scenarios", extensions: ["yaml"]) + SourceTree.files(under: "docs", extensions: ["md"])
        {
            for mark in marks { #expect(!file.text.contains(mark), "\(file.path) says \(mark)") }
        }
    }

    /// A test waits for a condition with a deadline, never for time. Programs that stand still on purpose may sleep.
    @Test func testsDoNotSleepForAFixedTime() {
        let pattern = #/\b(?:Thread\.sleep|usleep|nanosleep|sleep)\s*\(/#
        for file in SourceTree.files(under: "Tests") where !file.path.hasPrefix("Tests/Programs/") {
            for (index, line) in file.code.enumerated() where line.contains(pattern) {
                // A pause inside a polling loop is how a condition is waited for.
                let isPolling = line.contains("Task.sleep") || line.contains(".sleep(for:") || line.contains(".sleep(until:")
                #expect(isPolling || line.contains("#/"), "\(file.path):\(index + 1) sleeps")
            }
        }
    }

    @Test func importsStateTheirAccess() {
        // `InternalImportsByDefault` makes a bare import internal; sources say so where it is not.
        for file in SourceTree.files(under: "Sources") {
            #expect(!file.text.contains("@testable import"), "\(file.path) imports for testing")
        }
    }
}
