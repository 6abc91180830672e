internal import Archive
internal import Evidence
internal import Faults
internal import FoundationEssentials
internal import Glibc
internal import Monitoring
internal import Processes
internal import Scenario
internal import Synchronization

/// What was armed and healed, when: in files apart from the evidence, which no rule reads.
///
/// `VARIANT.jsonl` holds what was done; `VARIANT-services.jsonl` what the injectors said of themselves.
final class TruthLog: Sendable {
    private struct Entry: Encodable {
        var at: Moment
        var variant: String
        var what: String
        var id: String
        var action: String
        var detail: String?
    }
    private struct ServiceEntry: Encodable {
        var at: Moment
        var service: String
        var event: String
        var attributes: [String: JSONValue]
    }
    /// Lines of what injectors said that are kept.
    static let maximumServiceLines = 20_000

    private let deeds: OwnedDescriptor
    private let services: OwnedDescriptor
    private let clock: ScenarioClock
    private let variant: Variant
    private let serviceLines = Mutex(0)

    init(directory: String, variant: Variant, clock: ScenarioClock) throws {
        try makeFolder(directory)
        let name = variant.name
        deeds = try OwnedDescriptor.open("\(directory)/\(name).jsonl", flags: O_WRONLY | O_CREAT | O_APPEND)
        services = try OwnedDescriptor.open("\(directory)/\(name)-services.jsonl", flags: O_WRONLY | O_CREAT | O_APPEND)
        self.clock = clock
        self.variant = variant
    }

    func note(_ entry: FaultLedger.Entry) {
        // Only what was done is annotated in reports; what failed fails the run.
        guard entry.deed != .failed else { return }
        let fault = variant.faults.first { $0.id == entry.fault }
        append(
            Entry(
                at: clock.now(), variant: variant.name, what: fault.map(Self.text) ?? entry.fault, id: entry.fault,
                action: entry.deed.rawValue, detail: entry.detail), to: deeds)
    }

    /// The defects the subject was started with.
    func noteDefects(_ defects: [String]) {
        for defect in defects {
            append(Entry(at: clock.now(), variant: variant.name, what: "defect \(defect)", id: defect, action: "armed"), to: deeds)
        }
    }

    func note(_ event: InjectorEvent, of service: String) {
        let isKept = serviceLines.withLock { lines in
            lines += 1
            return lines <= Self.maximumServiceLines
        }
        guard isKept else { return }
        append(
            ServiceEntry(at: clock.moment(at: event.monotonic_s), service: service, event: event.name, attributes: event.attributes),
            to: services)
    }

    private func append(_ entry: some Encodable, to file: OwnedDescriptor) {
        guard let line = try? EvidenceCoding.line(entry) else { return }
        _ = line.withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
    }

    private static func text(_ fault: FaultPlan) -> String {
        let options = fault.options.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return options.isEmpty ? fault.kind : "\(fault.kind): \(options)"
    }
}

/// Makes a folder and those above it.
func makeFolder(_ path: String) throws {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw HarnessError(
            code: "no-folder", message: "the folder \(path) cannot be made: \(error)", remedy: "Give a place that may be written to.")
    }
}
