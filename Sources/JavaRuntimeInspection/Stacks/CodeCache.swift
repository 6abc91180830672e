/// The code that the virtual machine made at run time, and what each piece of it is.
struct CodeCache {
    /// share/code/codeBlob.hpp.
    struct Blob: Hashable {
        var address: UInt64
        /// "nmethod", "native nmethod", "Interpreter", "RuntimeStub - ..." and so on.
        var name: String
        /// In bytes, return address included; 0 where frames have no fixed size.
        var frameSize: UInt64
        var isMethod: Bool { name == "nmethod" || name == "native nmethod" }
    }
    private struct Heap {
        var low, high, segments, shift: UInt64
    }
    private let memory: TargetMemory
    private let heaps: [Heap]
    private let blobName, blobFrameSize, headerSize, used: UInt64

    private static let heapLimit = 16
    /// A piece's first segment is found in steps of at most 254 segments: share/memory/heap.cpp, find_block_for.
    private static let hopLimit = 1 << 16

    init(_ tables: HotSpotTables, _ memory: TargetMemory) throws(HotSpotAbsence) {
        self.memory = memory
        blobName = try tables.offset("CodeBlob::_name")
        blobFrameSize = try tables.offset("CodeBlob::_frame_size")
        headerSize = try tables.size("HeapBlock")
        used = try tables.offset("HeapBlock::_header") &+ tables.offset("HeapBlock::Header::_used")
        let low = try tables.offset("VirtualSpace::_low")
        let high = try tables.offset("VirtualSpace::_high")
        let space = try tables.offset("CodeHeap::_memory")
        let map = try tables.offset("CodeHeap::_segmap")
        let shift = try tables.offset("CodeHeap::_log2_segment_size")
        let length = try tables.offset("GrowableArrayBase::_len", "GenericGrowableArray::_len")
        let data = try tables.offset("GrowableArray<int>::_data")
        guard let list = memory.pointer(try tables.address("CodeCache::_heaps")), let count = memory.load(Int32.self, at: list &+ length),
            count > 0, count <= Self.heapLimit, let items = memory.pointer(list &+ data)
        else { throw HotSpotAbsence(reason: "the virtual machine's code cache cannot be read") }
        heaps = (0..<UInt64(count)).compactMap { index in
            guard let heap = memory.pointer(items &+ index * 8), let from = memory.pointer(heap &+ space &+ low), let to = memory.pointer(heap &+ space &+ high),
                let segments = memory.pointer(heap &+ map &+ low), let bits = memory.load(UInt32.self, at: heap &+ shift), bits < 32
            else { return nil }
            return Heap(low: from, high: to, segments: segments, shift: UInt64(bits))
        }
    }

    func contains(_ address: UInt64) -> Bool { heaps.contains { $0.low <= address && address < $0.high } }

    func blob(at address: UInt64) -> Blob? {
        guard let heap = heaps.first(where: { $0.low <= address && address < $0.high }) else { return nil }
        var segment = (address - heap.low) >> heap.shift
        for _ in 0..<Self.hopLimit {
            guard let hop = memory.load(UInt8.self, at: heap.segments &+ segment), hop != 0xff else { return nil }
            if hop == 0 { break }
            guard segment >= UInt64(hop) else { return nil }
            segment -= UInt64(hop)
        }
        let block = heap.low + segment << heap.shift
        guard memory.load(UInt8.self, at: block &+ used) == 1 else { return nil }
        let blob = block &+ headerSize
        guard let name = memory.pointer(blob &+ blobName).flatMap({ memory.string(at: $0, limit: 128) }),
            let size = memory.load(Int32.self, at: blob &+ blobFrameSize), size >= 0, size < 1 << 17
        else { return nil }
        return Blob(address: blob, name: name, frameSize: UInt64(size) * 8)
    }
}
