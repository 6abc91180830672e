/// What `${...}` may refer to in one variant.
///
/// - `${SERVICE.url}`, `${SERVICE.host}`, `${SERVICE.port}`: where a service listens.
/// - `${port.NAME}`: a free port, the same for each use of NAME in a run.
/// - `${subject.url}`: the address of the reference job system, or of a command's `${port.http}`.
/// - `${database}`: the file of the subject's job store.
/// - `${folder}`: the scenario's folder. `${run}`: a temporary folder of this run.
/// - `${SAVED}`, `${SAVED.member.member}`: from an answer saved by an earlier workload step.
struct ReferenceScope: Sendable {
    static let serviceParts = ["url", "host", "port"]
    static let single = ["database", "folder", "run", "subject.url"]

    var services: [String]
    var saved: [String] = []
    /// The subject is the reference job system, whose events are known.
    var isJobSystem = false

    /// Reports references that nothing will fill in.
    func check(_ text: String, at position: Position, _ problems: Problems) {
        let names: [String]
        do {
            names = try Template.references(in: text)
        } catch {
            problems.report(.badReference, at: position, "`${` without its `}`", hint: "Write `${name}`.")
            return
        }
        for name in names where !isKnown(name) {
            let head = name.prefix { $0 != "." }
            if head.count < name.count, let near = suggestion(for: String(head), among: saved + services, what: "reference"), near.hasPrefix("Did") {
                problems.report(.badReference, at: position, "`${\(clipped(name, to: 64))}` refers to nothing", hint: near)
                continue
            }
            let known = services.flatMap { service in Self.serviceParts.map { "\(service).\($0)" } } + Self.single + ["port.http"] + saved
            problems.report(
                .badReference, at: position, "`${\(clipped(name, to: 64))}` refers to nothing",
                hint: suggestion(for: name, among: known, what: "reference"))
        }
    }

    private func isKnown(_ name: String) -> Bool {
        if Self.single.contains(name) || saved.contains(name) { return true }
        guard let dot = name.firstIndex(of: ".") else { return false }
        let head = String(name[..<dot])
        let tail = String(name[name.index(after: dot)...])
        guard !tail.isEmpty else { return false }
        if saved.contains(head) || head == "port" { return true }
        return services.contains(head) && Self.serviceParts.contains(tail)
    }
}
