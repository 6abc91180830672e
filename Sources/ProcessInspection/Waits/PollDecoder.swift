internal import Evidence

/// poll, select and epoll_wait: which descriptors are waited on, and for what.
enum PollDecoder {
    /// Descriptors read at most from one call.
    private static let limit = 4096

    /// Names of event bits: POLL* of poll(2), equal to EPOLL*.
    static func names(_ events: UInt32) -> [String] {
        let bits: [(UInt32, String)] = [
            (0x1, "in"), (0x2, "pri"), (0x4, "out"), (0x8, "err"), (0x10, "hup"), (0x40, "rdnorm"), (0x100, "wrnorm"),
            (0x2000, "rdhup"), (0x1000_0000, "exclusive"), (0x4000_0000, "oneshot"), (0x8000_0000, "edge"),
        ]
        return bits.filter { events & $0.0 != 0 }.map(\.1)
    }

    /// struct pollfd {int fd; short events, revents}.
    static func poll(_ context: WaitContext, hasTimespec: Bool) -> ThreadWait {
        var wait = ThreadWait(kind: .descriptors)
        let count = Int(clamping: context.argument(1))
        let entries = (try? context.memory.array(of: UInt64.self, at: context.argument(0), count: min(count, limit))) ?? []
        wait.descriptors = entries.compactMap { entry in
            let fd = Int32(truncatingIfNeeded: entry)
            return fd < 0 ? nil : DescriptorInterest(fd: fd, operation: .poll, events: names(UInt32(entry >> 32 & 0xffff)))
        }
        if count > limit { wait.detail = "\(count) descriptors, of which the first \(limit) were read" }
        if count > 0 && entries.isEmpty { wait.detail = "the descriptors could not be read" }
        if hasTimespec { wait.timeout_s = WaitDecoder.timespec(context, at: context.argument(2)) } else { wait.timeout_s = milliseconds(context.argument(2)) }
        if count == 0 { wait.kind = .sleep }
        return wait
    }

    static func select(_ context: WaitContext, hasTimespec: Bool) -> ThreadWait {
        var wait = ThreadWait(kind: .descriptors)
        let count = min(Int(Int32(truncatingIfNeeded: context.argument(0))), limit)
        var interests: [Int32: [String]] = [:]
        for (argument, name) in [(1, "in"), (2, "out"), (3, "pri")] where context.argument(argument) != 0 && count > 0 {
            let words = (try? context.memory.array(of: UInt64.self, at: context.argument(argument), count: (count + 63) / 64)) ?? []
            for fd in 0..<min(count, words.count * 64) where words[fd / 64] >> UInt64(fd % 64) & 1 != 0 {
                interests[Int32(fd), default: []].append(name)
            }
        }
        wait.descriptors = interests.sorted { $0.key < $1.key }.map { DescriptorInterest(fd: $0.key, operation: .poll, events: $0.value) }
        let timeout = context.argument(4)
        if hasTimespec {
            wait.timeout_s = WaitDecoder.timespec(context, at: timeout)
        } else if timeout != 0, let seconds = try? context.memory.load(Int64.self, at: timeout),
            let microseconds = try? context.memory.load(Int64.self, at: timeout &+ 8)
        {
            wait.timeout_s = Double(seconds) + Double(microseconds) / 1e6
        }
        if interests.isEmpty { wait.kind = .sleep }
        return wait
    }

    /// The epoll descriptor first, then what its set watches.
    static func epoll(_ context: WaitContext, hasTimespec: Bool) -> ThreadWait {
        var wait = ThreadWait(kind: .descriptors)
        let fd = context.descriptor(0)
        let watches = (try? context.proc.descriptorInfo(fd))?.epoll ?? []
        wait.descriptors = [DescriptorInterest(fd: fd, operation: .poll)]
            + watches.prefix(limit).map { DescriptorInterest(fd: $0.fd, operation: .poll, events: names($0.events)) }
        wait.timeout_s = hasTimespec ? WaitDecoder.timespec(context, at: context.argument(3)) : milliseconds(context.argument(3))
        return wait
    }

    /// A C int of milliseconds; negative means for ever.
    private static func milliseconds(_ argument: UInt64) -> Double? {
        let value = Int32(truncatingIfNeeded: argument)
        return value < 0 ? nil : Double(value) / 1000
    }
}
