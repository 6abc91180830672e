/// /proc/PID/task/TID/syscall, proc(5): where a thread stands.
package enum SyscallReading: Sendable, Hashable {
    /// On a processor, or ready to be.
    case running
    /// Asleep in the kernel though not in a system call, such as on a page fault, or stopped in user code.
    case blocked(stackPointer: UInt64, programCounter: UInt64)
    /// In system call `number`, with its six arguments.
    case inCall(number: Int, arguments: [UInt64], stackPointer: UInt64, programCounter: UInt64)

    package init?(_ text: String) {
        var fields = TextFields(text)
        guard let first = fields.next() else { return nil }
        if first == "running" { self = .running; return }
        guard let number: Int = TextFields.number(first) else { return nil }
        var values: [UInt64] = []
        while values.count < 8, let field = fields.next() {
            let value: UInt64? = field.utf8.starts(with: "0x".utf8) ? TextFields.number(field.dropFirst(2), radix: 16) : TextFields.number(field)
            if let value { values.append(value) }
        }
        if number < 0, values.count >= 2 {
            self = .blocked(stackPointer: values[0], programCounter: values[1])
        } else if number >= 0, values.count >= 8 {
            self = .inCall(
                number: number, arguments: Array(values[0..<6]), stackPointer: values[6], programCounter: values[7])
        } else {
            return nil
        }
    }

    package var stackPointer: UInt64? {
        switch self {
        case .running: nil
        case .blocked(let stackPointer, _), .inCall(_, _, let stackPointer, _): stackPointer
        }
    }

    package var programCounter: UInt64? {
        switch self {
        case .running: nil
        case .blocked(_, let programCounter), .inCall(_, _, _, let programCounter): programCounter
        }
    }
}
