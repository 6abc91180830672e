internal import Glibc

extension LineOutput {
    /// Writes to a descriptor without buffering; what a closed pipe refuses is lost.
    package convenience init(descriptor: Int32) {
        self.init { line in
            var rest = Array(line.utf8)[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if written < 0 && errno == EINTR { continue }
                if written <= 0 { return }
                rest = rest.dropFirst(written)
            }
        }
    }
}

/// Seconds of CLOCK_MONOTONIC.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
