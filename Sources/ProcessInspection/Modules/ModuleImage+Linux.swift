internal import CLinux
internal import Evidence
internal import Glibc
internal import Synchronization

/// An ELF file that is mapped into some process. Corrupt files give nil, never a fault.
package final class ModuleImage: Sendable {
    // The image is immutable but for its symbol index, which C builds under a lock.
    private nonisolated(unsafe) let pointer: OpaquePointer
    private let source: SourceFrames
    private struct Kept {
        var symbols: [String: UInt64] = [:]
        var frames: [CodeAddress: [Frame]] = [:]
    }
    private let kept = Mutex(Kept())

    private init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        source = SourceFrames(image: pointer)
    }

    deinit { hs_image_close(pointer) }

    /// - Parameter root: where the file system of its process begins; "" for our own.
    package static func open(_ path: String, root: String = "") -> ModuleImage? {
        guard let pointer = hs_image_open(path) else { return nil }
        DebugFile.attach(to: pointer, path: path, root: root)
        return ModuleImage(pointer)
    }

    package static func copy(_ bytes: [UInt8]) -> ModuleImage? {
        bytes.withUnsafeBytes { hs_image_copy($0.baseAddress, $0.count).map(ModuleImage.init) }
    }

    /// Hexadecimal GNU build id; nil when the file has none.
    package var buildID: String? { DebugFile.buildID(pointer) }

    /// Address, as linked, of a byte of the file.
    package func address(ofOffset offset: UInt64) -> UInt64? {
        var address: UInt64 = 0
        return hs_image_address_of_offset(pointer, offset, &address) == 0 ? address : nil
    }

    /// The function whose symbol covers a linked address: its mangled name and where it starts.
    package func function(at address: UInt64) -> (symbol: String, start: UInt64)? {
        var start: UInt64 = 0
        return hs_image_function(pointer, address, &start).map { (String(cString: $0), start) }
    }

    /// The same with all of its linked addresses; nil for symbols without a size.
    func extent(ofFunctionAt address: UInt64) -> (symbol: String, range: Range<UInt64>)? {
        var start: UInt64 = 0
        var end: UInt64 = 0
        guard let name = hs_image_function_range(pointer, address, &start, &end), start < end else { return nil }
        return (String(cString: name), start..<end)
    }

    /// The same by the unwind information, where symbols were taken away; without a name.
    func extent(ofUnnamedAt address: UInt64) -> (symbol: String, range: Range<UInt64>)? {
        var start: UInt64 = 0
        var end: UInt64 = 0
        guard hs_image_unnamed_range(pointer, address, &start, &end) == 1, start < end else { return nil }
        return ("", start..<end)
    }

    /// The same of a variable or a table.
    func extent(ofObjectAt address: UInt64) -> (symbol: String, range: Range<UInt64>)? {
        var start: UInt64 = 0
        var end: UInt64 = 0
        guard let name = hs_image_object_range(pointer, address, &start, &end), start < end else { return nil }
        return (String(cString: name), start..<end)
    }

    /// Functions at a linked address by the debugging information, innermost inlined one first.
    package func sourceFrames(at address: UInt64) -> [SourceFrame] { source.frames(at: address) }

    /// Linked address of a symbol. Each search goes through the whole table, so what was found, or not, is kept.
    package func address(ofSymbol name: String) -> UInt64? {
        if let known = kept.withLock({ $0.symbols[name] }) { return known == 0 ? nil : known }
        let address = hs_image_symbol(pointer, name)
        kept.withLock { $0.symbols[name] = address }
        return address == 0 ? nil : address
    }

    /// The frames of a linked address, looked up once for all processes and captures.
    func named(_ address: CodeAddress, by look: (CodeAddress, ModuleImage) -> [Frame]) -> [Frame] {
        if let known = kept.withLock({ $0.frames[address] }) { return known }
        let frames = look(address, self)
        kept.withLock { $0.frames[address] = frames }
        return frames
    }

    /// For the unwinder, which must not outlive this object.
    var unsafePointer: OpaquePointer { pointer }
}

/// Opened images by file, shared by all processes of a capture.
package final class ModuleImageCache: Sendable {
    private struct Key: Hashable {
        var device: String
        var inode: UInt64
    }
    private let images = Mutex<[Key: ModuleImage?]>([:])

    package init() {}

    /// The file behind a mapping of a process, as that process sees it; nil when it cannot be
    /// had any more (replaced and no right to /proc/PID/map_files) or is no ELF file.
    package func image(for mapping: MemoryMapping, pid: Int32) -> ModuleImage? {
        let key = Key(device: mapping.device, inode: mapping.inode)
        if let known = images.withLock({ $0[key] }) { return known }
        let image = open(mapping, pid: pid)
        images.withLock { $0[key] = .some(image) }
        return image
    }

    private func open(_ mapping: MemoryMapping, pid: Int32) -> ModuleImage? {
        guard hs_outside_begin(Int32(HS_OUTSIDE_FILE), pid, mapping.path) == 0 else { return nil }
        defer { hs_outside_end() }
        for root in ["", "/proc/\(pid)/root"] where !mapping.isDeleted {
            var facts = stat()
            let path = root + mapping.path
            if stat(path, &facts) == 0, UInt64(facts.st_ino) == mapping.inode { return ModuleImage.open(path, root: root) }
        }
        let range = String(mapping.start, radix: 16) + "-" + String(mapping.end, radix: 16)
        return ModuleImage.open("/proc/\(pid)/map_files/\(range)")
    }
}
