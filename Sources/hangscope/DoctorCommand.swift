internal import ArgumentParser
internal import Evidence
internal import Foundation

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check what this machine permits: what is missing, and the remedy.",
        discussion: "Exits 69 when something is missing that capturing or reproducing cannot do without.")

    @Option(help: "text or json.") var format = OutputFormat.text

    func run() async throws {
        let checks = MachineChecks.all()
        if format == .json {
            print(String(decoding: try EvidenceCoding.encoder().encode(checks), as: UTF8.self))
        } else {
            let width = checks.map(\.name.count).max() ?? 0
            for check in checks {
                let name = check.name.padding(toLength: width, withPad: " ", startingAt: 0)
                print("\(check.state.mark)  \(name)  \(check.detail)")
                if let remedy = check.remedy { print("\(String(repeating: " ", count: 9 + width))-> \(remedy)") }
            }
        }
        let missing = checks.filter { $0.state == .missing && $0.isNeeded }
        if missing.isEmpty {
            complain("everything needed is there")
        } else {
            complain("missing: \(missing.map(\.name).joined(separator: ", "))")
            throw ExitCode(69)
        }
    }
}

/// One thing that was looked at.
struct MachineCheck: Codable, Sendable, Hashable {
    enum State: String, Codable, Sendable, Hashable {
        case ok, limited, missing

        /// Of equal width, readable without colour.
        var mark: String {
            switch self {
            case .ok: "ok     "
            case .limited: "limited"
            case .missing: "MISSING"
            }
        }
    }

    var name: String
    var state: State
    /// What was found.
    var detail: String
    /// What to do, where something is missing or limited.
    var remedy: String?
    /// Capturing or reproducing cannot do without it.
    var isNeeded: Bool

    init(_ name: String, _ state: State, _ detail: String, remedy: String? = nil, isNeeded: Bool = false) {
        self.name = name
        self.state = state
        self.detail = detail
        self.remedy = state == .ok ? nil : remedy
        self.isNeeded = isNeeded
    }
}
