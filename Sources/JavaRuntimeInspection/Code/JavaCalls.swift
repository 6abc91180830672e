/// What methods call, by the constant pools of their classes.
///
/// Of linked classes: share/oops/constantPool.hpp, cpCache.hpp (JDK 9 to 20; later versions keep their caches otherwise, and are not read).
final class JavaCalls {
    struct Target: Hashable {
        var className: String
        var name: String
    }
    /// A method with what its bytecode calls.
    struct Method {
        var target: Target
        var pool: UInt64
        var bytecode: JavaBytecode
    }

    private let memory: TargetMemory
    private let heap: JavaHeap
    private let loaded: LoadedClasses
    private let methods: JavaMethods
    private let methodArray, cache, tags, operands, poolSize: UInt64
    private let cacheSize, entrySize, entryIndices: UInt64
    /// The program's own classes.
    private(set) lazy var program: [String: UInt64] = loaded.program()
    private var declared: [UInt64: [Method]] = [:]

    init(_ tables: HotSpotTables, _ memory: TargetMemory, _ heap: JavaHeap, _ loaded: LoadedClasses, _ methods: JavaMethods) throws(HotSpotAbsence) {
        (self.memory, self.heap, self.loaded, self.methods) = (memory, heap, loaded, methods)
        methodArray = try tables.offset("InstanceKlass::_methods")
        cache = try tables.offset("ConstantPool::_cache")
        tags = try tables.offset("ConstantPool::_tags")
        operands = try tables.offset("ConstantPool::_operands")
        poolSize = try tables.size("ConstantPool")
        cacheSize = try tables.size("ConstantPoolCache")
        entrySize = try tables.size("ConstantPoolCacheEntry")
        entryIndices = try tables.offset("ConstantPoolCacheEntry::_indices")
    }

    /// Names of the class and its ancestors.
    func ancestry(_ type: UInt64) -> [String] { heap.classes.ancestry(type) }

    // MARK: Methods

    /// The program's methods of one name, of classes that are in use.
    func named(_ name: String) -> [Target] { byName[name] ?? [] }

    private lazy var byName: [String: [Target]] = {
        var result: [String: [Target]] = [:]
        for type in program.values { for method in declaredMethods(type) ?? [] { result[method.target.name, default: []].append(method.target) } }
        return result
    }()

    private static let methodLimit = 4096

    /// Methods that a class declares; nil where one cannot be read, as of a class that was not linked yet.
    func declaredMethods(_ type: UInt64) -> [Method]? {
        if let known = declared[type] { return known }
        guard loaded.isLinked(type), let array = memory.pointer(type &+ methodArray), let count = memory.load(Int32.self, at: array), count >= 0, count <= Self.methodLimit,
            let pool = heap.classes.pool(of: type)
        else { return nil }
        var result: [Method] = []
        for row in 0..<UInt64(count) {
            // Array<T*>: its length, then the elements, aligned.
            guard let address = memory.pointer(array &+ 8 &+ row * 8), let method = methods.method(address) else { return nil }
            guard method.codeSize > 0 else { continue }
            guard let found = self.method(method, pool) else { return nil }
            result.append(found)
        }
        declared[type] = result
        return result
    }

    private func method(_ method: JavaMethods.Method, _ pool: UInt64) -> Method? {
        guard let bytes = memory.bytes(at: method.code, count: Int(method.codeSize)), let code = JavaBytecode(bytes) else { return nil }
        return Method(target: Target(className: method.className, name: method.name), pool: pool, bytecode: code)
    }

    /// The method of a frame.
    func method(of frame: JavaFrame) -> Method? {
        guard let type = program[frame.method.className], let pool = heap.classes.pool(of: type) else { return nil }
        return method(frame.method, pool)
    }

    // MARK: Calls

    /// What the instructions call, functions that are made of lambda expressions included; nil where an entry cannot be read.
    func calls(_ instructions: ArraySlice<JavaBytecode.Instruction>, of method: Method) -> [Target]? {
        var result: [Target] = []
        for instruction in instructions {
            if JavaBytecode.invokes.contains(instruction.opcode) {
                guard let index = poolIndex(method.pool, method.bytecode.cacheIndex(instruction)), let target = reference(method.pool, index) else { return nil }
                result.append(target)
            } else if instruction.opcode == JavaBytecode.dynamic {
                guard let index = poolIndex(method.pool, method.bytecode.dynamicIndex(instruction)) else { return nil }
                result += implementations(method.pool, index)
            }
        }
        return result
    }

    /// The field that an instruction reads or writes.
    func field(_ instruction: JavaBytecode.Instruction, of method: Method) -> Target? { poolIndex(method.pool, method.bytecode.fieldIndex(instruction)).flatMap { reference(method.pool, $0) } }

    private func poolIndex(_ pool: UInt64, _ cacheIndex: Int) -> UInt64? {
        guard cacheIndex >= 0, cacheIndex < 65_536, let cache = memory.pointer(pool &+ cache),
            let indices = memory.word(cache &+ cacheSize &+ UInt64(cacheIndex) &* entrySize &+ entryIndices)
        else { return nil }
        return indices & 0xffff
    }

    private func entry(_ pool: UInt64, _ index: UInt64) -> (low: UInt64, high: UInt64)? {
        guard index > 0, index < 65_536, let value = memory.load(UInt32.self, at: pool &+ poolSize &+ index * 8) else { return nil }
        return (UInt64(value & 0xffff), UInt64(value >> 16))
    }

    private func text(_ pool: UInt64, _ index: UInt64) -> String? { heap.classes.text(pool, UInt16(truncatingIfNeeded: index)) }

    /// A Methodref or InterfaceMethodref: its class in the lower half, name and type in the upper; a Class keeps its name in the upper half.
    private func reference(_ pool: UInt64, _ index: UInt64) -> Target? {
        guard let reference = entry(pool, index), let type = entry(pool, reference.low), let name = entry(pool, reference.high),
            let className = text(pool, type.high), let methodName = text(pool, name.low)
        else { return nil }
        return Target(className: String(className.prefix { $0 != "+" }.map { $0 == "/" ? "." : $0 }), name: methodName)
    }

    private static let methodHandle: UInt8 = 15

    /// The methods among the static arguments of an invokedynamic: what the lambda expression does.
    private func implementations(_ pool: UInt64, _ index: UInt64) -> [Target] {
        guard let dynamic = entry(pool, index), let operands = memory.pointer(pool &+ operands), let tags = memory.pointer(pool &+ tags),
            let length = memory.load(Int32.self, at: operands)
        else { return [] }
        // Array<u2> and Array<u1>: elements follow the length of four bytes.
        func operand(_ row: UInt64) -> UInt64? { row < UInt64(max(0, length)) ? memory.load(UInt16.self, at: operands &+ 4 &+ row * 2).map(UInt64.init) : nil }
        guard let low = operand(dynamic.low * 2), let high = operand(dynamic.low * 2 + 1) else { return [] }
        let start = low | high << 16
        guard let count = operand(start + 1), count < 256 else { return [] }
        return (0..<count).compactMap { row in
            guard let argument = operand(start + 2 + row), memory.load(UInt8.self, at: tags &+ 4 &+ argument) == Self.methodHandle, let handle = entry(pool, argument) else { return nil }
            return reference(pool, handle.high)
        }
    }
}
