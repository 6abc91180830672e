/// Every kind of fault, and how to make one for a run.
package enum FaultRegistry {
    package static var all: [FaultKind] { FaultCatalogue.all }

    package static func kind(named name: String) throws -> FaultKind { try FaultCatalogue.kind(named: name) }

    /// Checks options without making anything: what `scenario lint` can say.
    package static func check(kind name: String, options: [String: String]) throws {
        let kind = try kind(named: name)
        _ = try OptionValues(options, of: kind.options, what: name)
    }

    /// A fault that can be armed.
    ///
    /// - Throws: `FaultError` for an unknown kind, options that do not fit, a service that does not
    ///   exist or cannot do this, or ("missing-capability") a machine that cannot.
    package static func make(id: String, kind name: String, options: [String: String], context: FaultContext) throws -> any Fault {
        let kind = try kind(named: name)
        var options = try options.mapValues(context.resolve)
        let values = try OptionValues(options, of: kind.options, what: name)
        if kind.requires.contains("tcp-repair"), !SocketTricks.mayRepair() {
            throw FaultError.missing(capability: "tcp-repair", remedy: "Run as root, or give it CAP_NET_ADMIN.")
        }
        if kind.targets == [.database] {
            guard let path = options["database"] ?? context.database else {
                throw FaultError(
                    code: "bad-option", message: "\(name): the subject has no database of its own",
                    remedy: "Name the SQLite file: database: PATH.")
            }
            options["database"] = path
            return LockedDatabase(id: id, options: options, context: context)
        }
        if kind.targets == [.subject] {
            return SignalFault(id: id, signal: try values.string("signal") ?? "STOP", send: context.signalSubject)
        }
        return try atService(id, kind, options, context)
    }

    private static func atService(
        _ id: String, _ kind: FaultKind, _ options: [String: String], _ context: FaultContext
    ) throws -> any Fault {
        let name = options["service"] ?? ""
        guard let service = context.services[name] else {
            let known = context.services.keys.sorted().joined(separator: ", ")
            throw FaultError(
                code: "bad-option", message: "\(kind.name): there is no service \"\(name)\"",
                remedy: known.isEmpty ? "Add it under services:." : "Services are: \(known).")
        }
        let target: FaultKind.Target = service.kind == .proxy ? .proxy : .modelServer
        guard kind.targets.contains(target) else {
            throw FaultError(
                code: "wrong-target", message: "\(kind.name): service \"\(name)\" is a \(target.rawValue)",
                remedy: "Arm it at a \(kind.targets.map(\.rawValue).sorted().joined(separator: " or ")).")
        }
        return service.fault(id: id, kind: kind.name, options: options.filter { $0.key != "service" })
    }
}
