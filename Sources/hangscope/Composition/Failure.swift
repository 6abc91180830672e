internal import Harness

/// What a run that could not be made means for the exit code.
enum Failure {
    /// 64 where the scenario names what is not there, 1 where the subject did not do its part, 70 for the rest.
    static func exitCode(of error: any Error) -> Int32 {
        guard let error = error as? HarnessError else { return 70 }
        switch error.code {
        case "executable-missing", "cannot-execute", "directory-missing", "no-command", "bad-option", "bad-upstream", "unknown-fault",
            "wrong-target":
            return 64
        case "subject-not-ready", "subject-crashed", "port-in-use": return 1
        default: return 70
        }
    }
}
