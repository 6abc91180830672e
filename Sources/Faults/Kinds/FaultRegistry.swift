/// Every kind of fault, and how to make one.
package enum FaultRegistry {
    package static var all: [FaultKind] { FaultCatalogue.all }

    package static func kind(named name: String) throws -> FaultKind { try FaultCatalogue.kind(named: name) }
}
