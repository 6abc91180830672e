internal import FoundationEssentials

/// What `--describe` prints: everything that can be set and everything that is told.
package struct Description: Encodable, Sendable {
    struct ConfigurationEntry: Encodable, Sendable { var key, type: String; var `default`: String; var doc: String }
    struct DefectEntry: Encodable, Sendable { var name: String; var `case`: String; var doc: String }
    struct EventEntry: Encodable, Sendable { var name, kind: String; var means: String?; var doc: String; var attributes: [String] }
    struct EndpointEntry: Encodable, Sendable { var method, path, doc: String }

    var config: [ConfigurationEntry]
    var defects: [DefectEntry]
    var events: [EventEntry]
    var endpoints: [EndpointEntry]

    package static var current: Description {
        Description(
            config: ConfigurationKey.all.map { .init(key: $0.name, type: $0.type, default: $0.defaultText, doc: $0.doc) },
            defects: Defect.allCases.map { .init(name: $0.rawValue, case: $0.fieldCase, doc: $0.doc) },
            events: EventName.allCases.map {
                .init(name: $0.rawValue, kind: $0.kind.rawValue, means: $0.means?.rawValue, doc: $0.doc, attributes: $0.attributes)
            },
            endpoints: [
                .init(method: "POST", path: "/generate-async", doc: "Queue a script for analysis: {\"script\", \"model\"?}."),
                .init(method: "GET", path: "/jobs/{id}/status", doc: "A job's status and displayed progress."),
                .init(method: "GET", path: "/jobs/{id}/result", doc: "A completed job's report."),
                .init(method: "GET", path: "/health", doc: "healthy or degraded, with each check."),
                .init(method: "POST", path: "/admin/cleanup-stuck-jobs", doc: "End the stuck jobs as failed now."),
            ])
    }

    package var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
