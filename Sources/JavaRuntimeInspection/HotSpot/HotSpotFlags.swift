/// The virtual machine's own settings, `-XX:` and such.
struct HotSpotFlags {
    private var addresses: [String: UInt64] = [:]
    private let memory: TargetMemory

    private static let limit: UInt64 = 10_000

    init(_ tables: HotSpotTables, _ memory: TargetMemory) throws(HotSpotAbsence) {
        self.memory = memory
        guard let start = memory.pointer(try tables.address("JVMFlag::flags", "Flag::flags")),
            let count = memory.word(try tables.address("JVMFlag::numFlags", "Flag::numFlags"))
        else { throw HotSpotAbsence(reason: "the virtual machine's settings cannot be read") }
        let stride = try tables.size(tables.sizes["JVMFlag"] == nil ? "Flag" : "JVMFlag")
        let name = try tables.offset("JVMFlag::_name", "Flag::_name")
        let address = try tables.offset("JVMFlag::_addr", "Flag::_addr")
        for index in 0..<min(count, Self.limit) {
            let flag = start &+ index * stride
            guard let text = memory.pointer(flag &+ name).flatMap({ memory.string(at: $0, limit: 96) }), text.hasPrefix("Use") else { continue }
            addresses[text] = memory.pointer(flag &+ address)
        }
    }

    /// A setting that is on or off; nil where this version has none of that name.
    func isOn(_ name: String) -> Bool? {
        addresses[name].flatMap { memory.load(UInt8.self, at: $0) }.map { $0 != 0 }
    }
}
