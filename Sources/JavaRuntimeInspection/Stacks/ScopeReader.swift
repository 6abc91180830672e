/// The Java methods at a place in compiled code, inlined ones included.
///
/// Compiled code notes for each call which methods it stands for: share/code/pcDesc.hpp, scopeDesc.cpp.
struct ScopeReader {
    private let memory: TargetMemory
    private let methods: JavaMethods
    private var layout: Layout?

    /// JDK 17 and its neighbours: offsets from the blob's start. Newer versions keep the notes elsewhere.
    private struct Layout {
        var codeBegin, scopesData, pcs, dependencies, metadata, metadataEnd, descSize, descPC, descScope: UInt64
    }
    private static let scopeLimit = 64
    private static let descLimit = 1 << 16

    init(_ tables: HotSpotTables, _ memory: TargetMemory, _ methods: JavaMethods) {
        self.memory = memory
        self.methods = methods
        layout = try? Self.layout(tables)
    }

    private static func layout(_ tables: HotSpotTables) throws(HotSpotAbsence) -> Layout {
        Layout(
            codeBegin: try tables.offset("CodeBlob::_code_begin"), scopesData: try tables.offset("CompiledMethod::_scopes_data_begin"),
            pcs: try tables.offset("nmethod::_scopes_pcs_offset"), dependencies: try tables.offset("nmethod::_dependencies_offset"),
            metadata: try tables.offset("nmethod::_metadata_offset"), metadataEnd: try tables.offset("nmethod::_scopes_pcs_offset"),
            descSize: try tables.size("PcDesc"), descPC: try tables.offset("PcDesc::_pc_offset"), descScope: try tables.offset("PcDesc::_scope_decode_offset"))
    }

    /// Innermost first; only the compiled method itself where the notes say nothing of the place.
    func frames(in blob: CodeCache.Blob, pc: UInt64, method: UInt64) -> [JavaFrame] {
        if let inlined = layout.flatMap({ scopes(blob, pc, $0) }), !inlined.isEmpty { return inlined }
        return methods.method(method).map { [JavaFrame(method: $0, index: nil, place: pc, line: nil, locals: nil)] } ?? []
    }

    private func scopes(_ blob: CodeCache.Blob, _ pc: UInt64, _ layout: Layout) -> [JavaFrame]? {
        func number(_ offset: UInt64) -> UInt64? {
            memory.load(Int32.self, at: blob.address &+ offset).flatMap { $0 >= 0 ? UInt64($0) : nil }
        }
        guard let begin = memory.word(blob.address &+ layout.codeBegin), pc > begin, let data = memory.pointer(blob.address &+ layout.scopesData),
            let first = number(layout.pcs), let last = number(layout.dependencies), last > first, (last - first) / layout.descSize <= Self.descLimit,
            let metadata = number(layout.metadata)
        else { return nil }
        let wanted = Int32(truncatingIfNeeded: pc - begin)
        let found = (0..<(last - first) / layout.descSize).lazy.map { blob.address &+ first &+ $0 * layout.descSize }
            .first { memory.load(Int32.self, at: $0 &+ layout.descPC) == wanted }
        guard let found, var offset = memory.load(Int32.self, at: found &+ layout.descScope) else { return nil }
        var frames: [JavaFrame] = []
        while offset > 0, frames.count < Self.scopeLimit {
            guard let bytes = memory.bytes(at: data &+ UInt64(offset), count: 16) else { break }
            var stream = PackedStream(bytes, excludesZero: methods.packsWithoutZero)
            guard let sender = stream.unsigned(), let index = stream.unsigned(), let code = stream.unsigned(), index > 0, index < 1 << 16,
                let address = memory.pointer(blob.address &+ metadata &+ UInt64(index - 1) * 8), let method = methods.method(address)
            else { break }
            // Written plus one: InvocationEntryBci is -1.
            let position = code == 0 ? nil : UInt64(code - 1)
            frames.append(
                JavaFrame(
                    method: method, index: position, place: position.map { method.code &+ $0 } ?? pc,
                    line: position.flatMap { methods.line(method, at: $0) }, locals: nil))
            guard Int32(truncatingIfNeeded: sender) < offset else { break }
            offset = Int32(truncatingIfNeeded: sender)
        }
        return frames
    }
}
