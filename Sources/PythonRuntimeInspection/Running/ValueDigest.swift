internal import ProcessInspection

/// A number that changes when a value that a loop can see does: locals, attributes, globals, iterators.
struct ValueDigest {
    private let objects: PythonObjects
    private static let globalsLimit = 1024
    private static let itemLimit = 128
    private static let bodyLimit = 128

    init(_ objects: PythonObjects) { self.objects = objects }

    /// Places on the value stack that hold an iterator, with its address. What lies above the live part is left over from
    /// earlier and may be anything.
    func iterators(of frame: PythonFrame) -> [Int: UInt64] {
        var found: [Int: UInt64] = [:]
        for index in frame.slots.indices.dropFirst(frame.code.localNames.count) where isIterator(frame.slots[index]) { found[index] = frame.slots[index] }
        return found
    }

    /// - Parameter iterators: those that count.
    func digest(of frame: PythonFrame, under outer: [PythonFrame], iterators: [UInt64]) -> UInt64 {
        var hash = Hash()
        for frame in outer {
            hash.add(frame.code.address)
            hash.add(UInt64(frame.offset))
        }
        let locals = frame.namespace == 0 ? frame.locals(objects) : []
        for local in locals {
            add(local.value, &hash)
            for attribute in objects.attributes(of: local.value).prefix(Self.itemLimit) { add(attribute.value, &hash) }
        }
        for value in iterators { add(value, &hash) }
        for entry in objects.entries(of: frame.globals).prefix(Self.globalsLimit) { add(entry.value, &hash) }
        return hash.value
    }

    private func isIterator(_ value: UInt64) -> Bool {
        guard let type = objects.type(of: value) else { return false }
        return type.name.hasSuffix("iterator") || type.module == "itertools" || ["enumerate", "zip", "map", "filter", "generator", "reversed"].contains(type.name)
    }

    /// By content where the address says nothing, as for numbers; without the reference count.
    private func add(_ value: UInt64, _ hash: inout Hash) {
        guard let type = objects.type(of: value) else { return hash.add(value) }
        hash.add(type.address)
        if let number = objects.integer(value) { return hash.add(UInt64(bitPattern: Int64(number))) }
        if type.isInteger { return addDigits(value, &hash) }
        if type.isString || type.name == "function" || type.name == "module" || type.name == "type" { return hash.add(value) }
        if type.name != "float" { hash.add(value) }
        let size = min(max(type.basicSize, 24), Self.bodyLimit)
        for word in (try? objects.memory.array(of: UInt64.self, at: value &+ 16, count: (size - 16) / 8)) ?? [] { hash.add(word) }
        let items = type.isList ? objects.list(value) : type.isTuple ? objects.tuple(value) : []
        for item in items.prefix(Self.itemLimit) {
            hash.add(objects.integer(item).map { UInt64(bitPattern: Int64($0)) } ?? item)
        }
    }

    /// Of an integer of more than two digits its size and its lowest digits.
    private func addDigits(_ value: UInt64, _ hash: inout Hash) {
        let size = objects.word(value &+ 16) ?? 0
        hash.add(size)
        let digits = objects.layout.integersAreTagged ? Int(size >> 3 & 0xffff) : Int(abs(Int64(bitPattern: size) % 0x10000))
        for word in (try? objects.memory.array(of: UInt32.self, at: value &+ 24, count: min(digits, Self.itemLimit))) ?? [] { hash.add(UInt64(word)) }
    }

    /// FNV-1a by words (draft-eastlake-fnv).
    private struct Hash {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01b3 ^ (value >> 29) }
    }
}
