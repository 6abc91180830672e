/// The `Name:	value` lines of /proc/PID/status and its like, proc(5).
package struct ProcStatus: Sendable, Hashable {
    /// Found by looking, not kept by name: of some fifty lines two or three are asked for, of every thread.
    private let text: [UInt8]

    package init(_ text: String) { self.init(Array(text.utf8)) }
    package init(_ text: [UInt8]) { self.text = text }

    package subscript(_ name: String) -> String? {
        let name = Array(name.utf8)
        var at = 0
        while at < text.count {
            let end = text[at...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            if end - at > name.count, text[at + name.count] == UInt8(ascii: ":"), text[at..<at + name.count].elementsEqual(name) {
                let value = text[(at + name.count + 1)..<end].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                return String(decoding: value, as: UTF8.self)
            }
            at = end + 1
        }
        return nil
    }

    /// First number of a field.
    package func number<Number: FixedWidthInteger>(_ name: String, _: Number.Type = Number.self) -> Number? {
        self[name].flatMap { Number($0.prefix { $0 != " " && $0 != "\t" }) }
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
