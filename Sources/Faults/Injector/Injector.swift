package import Evidence

package typealias EventSink = @Sendable (InjectorEvent) -> Void

/// A server or holder that can misbehave: what runs inside an injector process.
package protocol Injector: Sendable {
    func start() async throws
    /// A fault of this injector; throws when it has no such kind, or options are wrong.
    func fault(id: String, kind: String, options: [String: String]) throws -> any Fault
    /// What is connected now.
    func connections() -> JSONValue
    /// Ends everything; faults are healed before.
    func stop() async
}

/// A fault made of two closures; healing without arming does nothing.
package actor SwitchFault: Fault {
    package nonisolated let id: String
    private var isArmed = false
    private let doArm: @Sendable () async throws -> Void
    private let doHeal: @Sendable () async -> Void

    package init(id: String, arm: @escaping @Sendable () async throws -> Void, heal: @escaping @Sendable () async -> Void) {
        self.id = id
        doArm = arm
        doHeal = heal
    }

    package func arm() async throws {
        if isArmed { return }
        // Set first: what fails half way must be healed too.
        isArmed = true
        try await doArm()
    }

    package func heal() async {
        guard isArmed else { return }
        isArmed = false
        await doHeal()
    }
}
