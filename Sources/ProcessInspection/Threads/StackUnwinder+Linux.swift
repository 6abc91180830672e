internal import CLinux
internal import Evidence

/// Walks copied stacks of one process by DWARF unwinding. Not safe to share between threads.
final class StackUnwinder {
    /// Addresses innermost first, and why they are not all there are.
    struct Walk: Sendable {
        var addresses: [CodeAddress] = []
        var stackPointers: [UInt64] = []
        var incomplete: String?
        /// By index of a frame: the address that was called to get there, where the caller's code tells.
        var entered: [Int: UInt64] = [:]
        /// Whether the registers that calls preserve are known from where the library that the thread waits in was called.
        var showsRegisters = false

        var places: Places { Places(addresses: addresses, entered: entered) }

        /// Puts the async callers of a frame above it, before whatever of the runtime lies there.
        mutating func insert(_ resumed: [UInt64], above frame: Int) {
            addresses.insert(contentsOf: resumed.map { CodeAddress($0, .asyncResume) }, at: frame + 1)
            entered = Dictionary(uniqueKeysWithValues: entered.map { ($0.key > frame ? $0.key + resumed.count : $0.key, $0.value) })
        }
    }

    /// What names are looked up for: threads that wait at the same place have equal ones.
    struct Places: Hashable {
        var addresses: [CodeAddress]
        var entered: [Int: UInt64]
    }

    private let pointer: OpaquePointer?
    // Keeps the images alive as long as the unwinder points at them.
    private let modules: ModuleTable
    /// Places that were asked about.
    private var unnamed: [CodeAddress: Bool] = [:]
    private var frames: [hs_frame] = []

    init(pid: Int32, modules: ModuleTable) {
        self.modules = modules
        pointer = hs_unwinder_create(pid)
        guard let pointer else { return }
        for module in modules.modules {
            for mapping in module.mappings {
                _ = hs_unwinder_add(pointer, mapping.start, mapping.end, module.bias, module.image.unsafePointer)
            }
        }
    }

    deinit { hs_unwinder_free(pointer) }

    /// - Parameter limit: frames walked at most; deeper ones are left out and said to be.
    func walk(_ copy: ThreadCopy, limit: Int) -> Walk {
        guard let pointer else { return Walk(incomplete: "the unwinder could not be set up") }
        var raw = hs_thread_copy()
        raw.tid = copy.tid
        withUnsafeMutableBytes(of: &raw.registers) { registers in copy.registers.withUnsafeBytes { registers.copyMemory(from: $0) } }
        if frames.count != limit { frames = Array(repeating: hs_frame(), count: max(1, limit)) }
        var end: Int32 = 0
        var searched: Int32 = 0
        var stack = copy.stack
        let count = stack.withUnsafeMutableBufferPointer { bytes in
            raw.stack = bytes.baseAddress
            raw.stack_length = bytes.count
            raw.stack_start = copy.stackStart
            return Int(hs_unwinder_walk(pointer, &raw, copy.known, &frames, Int32(frames.count), &end, &searched))
        }
        var walk = Walk()
        walk.addresses.reserveCapacity(count)
        walk.stackPointers.reserveCapacity(count)
        for frame in frames[..<count] {
            walk.addresses.append(CodeAddress(frame.pc, frame.exact != 0 ? .exact : .returnAddress))
            walk.stackPointers.append(frame.sp)
        }
        walk.showsRegisters = showsRegisters(frames[..<count])
        for index in walk.addresses.indices.dropFirst() where walk.addresses[index].kind == .returnAddress {
            // Only where a name is missing is it worth looking.
            guard isUnnamed(walk.addresses[index - 1]) else { continue }
            let target = hs_unwinder_call_target(pointer, walk.addresses[index].address)
            if target != 0 { walk.entered[index - 1] = target }
        }
        walk.incomplete = reason(end: Int(end), at: walk.addresses.last?.address, limit: limit)
        if let search = Self.search(searched) { walk.incomplete = walk.incomplete.map { "\($0); \(search)" } ?? search }
        return walk
    }

    /// rbx, rbp and r12 to r15: System V ABI for x86-64, figure 3.4.
    private static let preserved: UInt32 = [HS_RBX, HS_RBP, HS_R12, HS_R13, HS_R14, HS_R15].reduce(0) { $0 | 1 << UInt32($1) }

    private func showsRegisters(_ frames: ArraySlice<hs_frame>) -> Bool {
        guard let innermost = frames.first, let library = modules.module(at: innermost.pc) else { return false }
        let caller = frames.first { $0.pc < library.start || $0.pc >= library.end }
        return caller.map { $0.known & Self.preserved == Self.preserved } ?? false
    }

    /// What was guessed, and may be wrong.
    private static func search(_ searched: Int32) -> String? {
        switch searched {
        case 2: "the frame pointer was not known and was looked for on the stack"
        case 3: "frames of code without unwind information were looked for on the stack"
        default: nil
        }
    }

    private func isUnnamed(_ address: CodeAddress) -> Bool {
        if let known = unnamed[address] { return known }
        let answer = hasNoSymbol(address)
        unnamed[address] = answer
        return answer
    }

    private func hasNoSymbol(_ address: CodeAddress) -> Bool {
        guard let module = modules.module(at: address.address) else { return false }
        let exact = address.kind == .returnAddress ? address.address &- 1 : address.address
        return module.image.function(at: exact &- module.bias) == nil
    }

    private func reason(end: Int, at address: UInt64?, limit: Int) -> String? {
        let place = address.map { address in modules.module(at: address)?.path ?? "0x" + String(address, radix: 16) } ?? "the start"
        return switch end {
        case HS_END_OUTERMOST: nil
        case HS_END_LIMIT: "only the innermost \(limit) frames were walked"
        case HS_END_NO_INFORMATION: "no unwind information for \(place)"
        case HS_END_MEMORY: "stack or code at \(place) could not be read"
        case HS_END_REGISTER: "a register that only a stop would have shown was needed at \(place)"
        case HS_END_NO_PROGRESS: "the stack led back on itself at \(place)"
        default: "the unwind information of \(place) made no sense"
        }
    }
}
