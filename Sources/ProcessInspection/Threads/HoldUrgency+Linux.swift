internal import CLinux

/// For threads of ours that work while something of another process is held: they should not wait for a processor.
package enum HoldUrgency {
    package static func during<Value>(_ body: () throws -> Value) rethrows -> Value {
        let before = hs_urgency_raise()
        defer { hs_urgency_drop(before) }
        return try body()
    }
}
