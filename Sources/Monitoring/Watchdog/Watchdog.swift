package import Evidence
internal import Synchronization

/// All rules of a run; told what happens from several queues, it answers with alarms.
package final class Watchdog: Sendable {
    private let rules: Mutex<[any WatchdogRule]>

    package init(_ rules: [any WatchdogRule]) { self.rules = Mutex(rules) }

    package func observe(_ observation: Observation) -> [AlarmRecord] {
        rules.withLock { rules in
            var alarms: [AlarmRecord] = []
            for index in rules.indices {
                if let alarm = rules[index].observe(observation) { alarms.append(alarm) }
            }
            return alarms
        }
    }

    /// Whether another alarm may come by time alone.
    package var mayStillFire: Bool { rules.withLock { $0.contains(where: \.mayStillFire) } }
}
