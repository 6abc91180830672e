internal import CLinux

/// Buffers for copied stacks, touched beforehand so that copying meets no page faults of ours.
final class TracerScratch {
    private let bytes: UnsafeMutablePointer<UInt8>
    private let starts: [Int]

    /// - Parameter sizes: of each slot.
    init(_ sizes: [Int]) {
        starts = sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        bytes = .allocate(capacity: starts[sizes.count])
        bytes.initialize(repeating: 0, count: starts[sizes.count])
    }

    deinit { bytes.deallocate() }

    func request(tid: Int32, slot: Int = 0) -> hs_thread_copy {
        var copy = hs_thread_copy()
        copy.tid = tid
        copy.stack = bytes + starts[slot]
        copy.stack_capacity = starts[slot + 1] - starts[slot]
        return copy
    }

    func run(
        _ requests: [hs_thread_copy], by tracer: Tracer,
        _ body: (UnsafeMutableBufferPointer<hs_thread_copy>, inout hs_copy_request) -> Void
    ) {
        var requests = requests
        requests.withUnsafeMutableBufferPointer { threads in
            tracer.mappingEnds.withUnsafeBufferPointer { ends in
                var request = hs_copy_request()
                request.pid = tracer.pid
                request.threads = threads.baseAddress
                request.count = threads.count
                request.stacks = hs_stacks(ends: ends.baseAddress, count: ends.count)
                request.patience_ms = tracer.patience.longest_ms
                request.runnable_patience_ms = tracer.patience.runnable_ms
                request.halt_at = tracer.halt.step.rawValue
                request.halt_fd = tracer.halt.descriptor
                body(threads, &request)
            }
        }
    }
}
