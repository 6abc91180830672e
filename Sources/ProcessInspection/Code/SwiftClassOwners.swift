extension SwiftClasses {
    /// The classes of objects that lie in registers and on the stack, as far as the functions that they come from tell.
    struct Owners {
        /// By register: the class of the object, and that of the metadata, in it.
        private var ofObject: [UInt8: String] = [:]
        private(set) var ofMetadata: [UInt8: String] = [:]
        /// By place: the class of the object that is kept there.
        private var kept: [Instruction.Move: String] = [:]

        private static let result: UInt8 = 0

        mutating func follow(_ move: Instruction.Move) {
            switch move {
            case .load(let to, let base, let offset):
                let metadata = offset == 0 ? ofObject[base] : nil
                let object = kept[.load(to: 0, base: base, offset: offset)]
                ofMetadata[to] = metadata
                ofObject[to] = object
            case .store(let from, let base, let offset): kept[.load(to: 0, base: base, offset: offset)] = ofObject[from]
            case .copy(let from, let to):
                ofMetadata[to] = ofMetadata[from]
                ofObject[to] = ofObject[from]
            }
        }

        mutating func forget(_ registers: Set<UInt8>, result: String?) {
            for register in registers {
                ofMetadata[register] = nil
                ofObject[register] = nil
            }
            ofObject[Self.result] = result
        }

        /// `$s10Foundation10FileHandleC` of `$s10Foundation10FileHandleC13standardErrorACvgZ`: a property of a class of Foundation's that is an object of the
        /// same class, or the function that makes one (docs/ABI/Mangling.rst).
        static func owner(_ function: String) -> String? {
            let module = "$s10Foundation"
            guard function.hasPrefix(module), function.hasSuffix("ACvgZ") || function.hasSuffix("fC") && function.contains("CAC") else { return nil }
            let rest = function.dropFirst(module.count)
            let digits = rest.prefix { $0.isNumber }
            guard let length = Int(digits), (1...100).contains(length) else { return nil }
            let name = rest.dropFirst(digits.count).prefix(length)
            guard name.count == length, rest.dropFirst(digits.count + length).first == "C" else { return nil }
            return module + digits + name + "C"
        }
    }
}
