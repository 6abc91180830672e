/// The `Name:	value` lines of /proc/PID/status and its like, proc(5).
package struct ProcStatus: Sendable, Hashable {
    package let fields: [String: String]

    package init(_ text: String) {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n").prefix(1000) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields[String(line[..<colon])] = String(value)
        }
        self.fields = fields
    }

    package subscript(_ name: String) -> String? { fields[name] }

    /// First number of a field.
    package func number<Number: FixedWidthInteger>(_ name: String, _: Number.Type = Number.self) -> Number? {
        fields[name].flatMap { Number($0.prefix { $0 != " " && $0 != "\t" }) }
    }

    /// A field counted in kB, in bytes.
    package func bytes(_ name: String) -> UInt64? {
        number(name, UInt64.self).flatMap { value in
            let (bytes, overflow) = value.multipliedReportingOverflow(by: 1024)
            return overflow ? nil : bytes
        }
    }

    package var userID: UInt32? { number("Uid") }
    /// Thread that traces this one; nil when none does. Its process is that thread's `Tgid`.
    package var tracerTID: Int32? { number("TracerPid", Int32.self).flatMap { $0 == 0 ? nil : $0 } }
    package var seccomp: Int? { number("Seccomp") }
    package var voluntarySwitches: UInt64? { number("voluntary_ctxt_switches") }
    package var involuntarySwitches: UInt64? { number("nonvoluntary_ctxt_switches") }
}
