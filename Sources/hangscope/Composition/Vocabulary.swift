internal import Evidence
internal import Faults
internal import Foundation
internal import Processes
internal import Scenario

/// What scenarios may name: the faults from their registry, the job system's switches from itself.
enum VocabularySource {
    /// `jobd --describe` prints a constant; slower than this it is not the job system.
    private static let deadline = Duration.seconds(20)

    struct Answer {
        var vocabulary: Vocabulary
        /// Why the job system's names are not checked; nil when they are.
        var warning: String?
    }

    static func current() async -> Answer {
        var vocabulary = Vocabulary(faults: FaultRegistry.all.map(Vocabulary.Kind.init), services: services)
        do {
            let description = try await describeJobSystem()
            vocabulary.config = description.config.map(\.option)
            vocabulary.defects = description.defects.map { .init(name: $0.name, doc: $0.doc) }
            vocabulary.events = description.events.map { .init(name: $0.name, doc: $0.doc) }
            return Answer(vocabulary: vocabulary)
        } catch {
            return Answer(vocabulary: vocabulary, warning: "the job system's configuration and defects are not checked: \(error)")
        }
    }

    /// Beside this executable, where the build puts it; `HANGSCOPE_JOBD` names another.
    static var jobSystemPath: String {
        if let path = ProcessInfo.processInfo.environment["HANGSCOPE_JOBD"], !path.isEmpty { return path }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("jobd").path
    }

    private static var services: [Vocabulary.Kind] {
        Vocabulary.builtInServices.map { kind in
            guard kind.name == "model-server" else { return kind }
            return Vocabulary.Kind(name: kind.name, doc: kind.doc, options: ModelServerSettings.options.map(Vocabulary.Option.init))
        }
    }

    // MARK: jobd --describe

    fileprivate struct Description: Decodable {
        struct Key: Decodable { var key, type, `default`, doc: String }
        struct Named: Decodable { var name, doc: String }
        var config: [Key]
        var defects: [Named]
        var events: [Named]
    }

    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static func describeJobSystem() async throws -> Description {
        let path = jobSystemPath
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Failure(description: "there is no jobd at \(path); build it with `swift build`")
        }
        let result = try await HelperProcess.run(path, ["--describe"], deadline: deadline)
        guard result.status.isSuccess, !result.timedOut else {
            throw Failure(description: "`\(path) --describe` \(result.timedOut ? "did not end" : "failed"): \(result.errorText.prefix(200))")
        }
        do {
            return try EvidenceCoding.decode(Description.self, from: Data(result.output), name: "jobd --describe")
        } catch {
            throw Failure(description: "\(error)")
        }
    }
}

extension VocabularySource.Answer {
    /// Tells people when not all could be checked, and gives the vocabulary.
    func announced() -> Vocabulary {
        if let warning { complain("warning: \(warning)") }
        return vocabulary
    }
}

extension Vocabulary.Kind {
    fileprivate init(_ fault: FaultKind) {
        self.init(
            name: fault.name, doc: fault.doc,
            options: fault.options.map { option in
                var option = Vocabulary.Option(option)
                if case .service = option.kind { option.kind = .service(kinds: fault.targets.map(\.rawValue).sorted()) }
                return option
            }, requires: fault.requires)
    }
}

extension Vocabulary.Option {
    fileprivate init(_ option: OptionDescription) {
        let kind: Vocabulary.ValueKind =
            switch option.kind {
            case .integer: .integer
            case .number: .number
            case .seconds: .duration
            case .bytes: .bytes
            case .string: .text
            case .word(let words): .choice(words)
            case .service: .service(kinds: [])
            }
        self.init(name: option.name, kind: kind, doc: option.doc, isRequired: option.required, defaultValue: option.default)
    }
}

extension VocabularySource.Description.Key {
    fileprivate var option: Vocabulary.Option {
        let kind: Vocabulary.ValueKind =
            switch type {
            case "duration": .duration
            case "integer": .integer
            case "boolean": .boolean
            case let words where words.contains("|"): .choice(words.split(separator: "|").map(String.init))
            default: .text
            }
        return Vocabulary.Option(name: key, kind: kind, doc: doc, defaultValue: `default`)
    }
}
