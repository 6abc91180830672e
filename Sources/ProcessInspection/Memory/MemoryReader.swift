/// Reads another process's memory, or a recording of it.
///
/// Whatever it gives is untrusted: the other process may have written anything there.
package protocol MemoryReader: Sendable {
    /// Fills `buffer` from `address` on, as far as memory is readable.
    ///
    /// - Returns: the bytes read: `buffer.count`, or fewer where readable memory ends; never 0
    ///   for a buffer that is not empty.
    /// - Throws: `MemoryError` when not a single byte could be read.
    func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(MemoryError) -> Int
}

/// Memory that could not be read.
package struct MemoryError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, Hashable {
        /// Nothing readable is mapped there.
        case notMapped
        /// The kernel does not let us look: ptrace(2), "Ptrace access mode checking".
        case notPermitted
        case processGone
        /// An earlier read did not end: none is tried any more.
        case silent
        /// A bound of `BoundedMemory` is reached.
        case budgetExhausted
        /// The request itself makes no sense: length or address out of range.
        case invalidRequest
    }
    package var code: Code
    package var address: UInt64

    package init(_ code: Code, at address: UInt64) {
        self.code = code
        self.address = address
    }

    package var description: String {
        let place = "0x" + String(address, radix: 16)
        return switch code {
        case .notMapped: "nothing is mapped at \(place)"
        case .notPermitted: "memory at \(place) may not be read: run as the same user or root, and see `hangscope doctor` for ptrace_scope"
        case .processGone: "the process ended before memory at \(place) was read"
        case .silent: "memory at \(place) does not answer"
        case .budgetExhausted: "the bound on memory reads was reached at \(place)"
        case .invalidRequest: "a read at \(place) was out of range"
        }
    }
}

extension MemoryReader {
    /// Reads one fixed-size value; throws `.notMapped` unless all of its bytes are readable.
    package func load<Value: BitwiseCopyable>(
        _ type: Value.Type = Value.self, at address: UInt64
    ) throws(MemoryError) -> Value {
        var result: Result<Value, MemoryError> = .failure(MemoryError(.notMapped, at: address))
        withUnsafeTemporaryAllocation(byteCount: MemoryLayout<Value>.size, alignment: MemoryLayout<Value>.alignment) { buffer in
            do throws(MemoryError) {
                guard try read(at: address, into: buffer) == buffer.count else { return }
                result = .success(buffer.load(as: Value.self))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// Reads up to `count` bytes; fewer where readable memory ends. `count` is at most 64 MiB.
    package func bytes(at address: UInt64, upTo count: Int) throws(MemoryError) -> [UInt8] {
        guard count >= 0, count <= 64 << 20 else { throw MemoryError(.invalidRequest, at: address) }
        guard count > 0 else { return [] }
        var failure: MemoryError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(MemoryError) {
                initialized = try read(at: address, into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads `count` values that lie one after the other; throws unless all are readable.
    package func array<Value: BitwiseCopyable>(
        of type: Value.Type = Value.self, at address: UInt64, count: Int
    ) throws(MemoryError) -> [Value] {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
        guard count >= 0, !overflow else { throw MemoryError(.invalidRequest, at: address) }
        let raw = try bytes(at: address, upTo: size)
        guard raw.count == size else { throw MemoryError(.notMapped, at: address &+ UInt64(raw.count)) }
        return raw.withUnsafeBytes { buffer in
            (0..<count).map { buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.stride, as: Value.self) }
        }
    }

    /// Reads a NUL-terminated string of at most `limit` bytes; a longer one is cut, bad UTF-8 is repaired.
    package func string(at address: UInt64, limit: Int = 4096) throws(MemoryError) -> String {
        let raw = try bytes(at: address, upTo: limit)
        return String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
}
