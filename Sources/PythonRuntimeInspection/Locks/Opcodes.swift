/// The few instructions that say which lock a function takes, by minor version, specialised forms included
/// (Include/opcode.h, from 3.13 on Include/opcode_ids.h; inline caches: Lib/opcode.py, Lib/_opcode_metadata.py).
struct Opcodes {
    enum Kind { case global, fast, deref, name, attribute, method, pair, extended, store, other }

    private let kinds: [UInt8: Kind]
    /// Code units that follow an instruction as its cache, one hexadecimal digit for each opcode.
    private let caches: [UInt8]
    /// From 3.12 on LOAD_ATTR loads methods too, and keeps that in the lowest bit of its argument.
    let attributesAreShifted: Bool
    /// LOAD_CONST; IMPORT_NAME and IMPORT_FROM; every jump to an earlier instruction.
    let constants: Set<UInt8>
    let imports: Set<UInt8>
    let jumpsBack: Set<UInt8>
    /// Jumps to a later one, where handlers of exceptions are jumped over.
    let jumpsForward: Set<UInt8>
    /// Every form of CALL; those of 3.11's PRECALL, which come before one; and what takes the last value from the stack, or jumps on it.
    let calls: Set<UInt8>
    let precalls: Set<UInt8>
    let ends: Set<UInt8>
    /// What takes a loop a step further: iterators, and every assignment to a local variable or a name. And what puts an item into a container, or takes one out.
    let steps: Set<UInt8>
    let items: Set<UInt8>
    /// RETURN_VALUE and RETURN_CONST; PUSH_EXC_INFO, with which every handler of exceptions begins.
    let returns: Set<UInt8>
    let handlers: UInt8
    let minor: Int

    static func known(_ minor: Int) -> Opcodes? {
        switch minor {
        case 11: python311
        case 12: python312
        case 13: python313
        default: nil
        }
    }

    func kind(_ opcode: UInt8) -> Kind { kinds[opcode] ?? .other }
    func cacheUnits(_ opcode: UInt8) -> Int { Int(caches[Int(opcode)]) }

    private init(
        _ kinds: [Kind: [UInt8]], shifted: Bool, constant: UInt8, imports: Set<UInt8>, jumpsBack: Set<UInt8>, jumpsForward: Set<UInt8> = [], calls: Set<UInt8>, precalls: Set<UInt8> = [],
        ends: Set<UInt8>, steps: Set<UInt8>, items: Set<UInt8>, returns: Set<UInt8>, handlers: UInt8, minor: Int, caches: String
    ) {
        var byOpcode: [UInt8: Kind] = [:]
        for (kind, opcodes) in kinds { for opcode in opcodes { byOpcode[opcode] = kind } }
        self.kinds = byOpcode
        self.caches = caches.utf8.map { $0 >= 0x61 ? $0 - 0x57 : $0 - 0x30 }
        attributesAreShifted = shifted
        constants = [constant]
        self.imports = imports
        self.jumpsBack = jumpsBack
        self.jumpsForward = jumpsForward
        self.calls = calls
        self.precalls = precalls
        self.ends = ends
        self.steps = steps
        self.items = items
        self.returns = returns
        self.handlers = handlers
        self.minor = minor
    }

    private static let python311 = Opcodes(
        [
            .method: [56, 57, 58, 59, 62, 63, 160], .attribute: [39, 40, 41, 42, 43, 106], .global: [47, 48, 55, 116], .fast: [45, 46, 124],
            .deref: [137, 148], .name: [101], .extended: [34, 144], .store: [95, 96, 97, 98, 153, 154, 158, 159],
        ], shifted: false, constant: 100, imports: [108, 109], jumpsBack: [38, 134, 140, 173, 174, 175, 176],
        jumpsForward: [93, 110, 111, 112, 114, 115, 123, 128, 129],
        calls: [22, 23, 24, 142, 171], precalls: [64, 65, 66, 67, 72, 73, 76, 77, 78, 79, 80, 81, 113, 121, 127, 141, 143, 166],
        ends: [1, 52, 53, 60, 68, 83, 90, 92, 94, 95, 97, 114, 115, 125, 128, 129, 130, 138, 153, 154, 158, 159, 161, 167, 168, 169, 170, 173, 174, 175, 176, 177, 178, 179, 180],
        steps: [86, 90, 93, 123, 125, 126, 138, 161, 167], items: [60, 61, 168, 169, 170], returns: [83], handlers: 35, minor: 11,
        caches: "00011111100001101444444444222200000000044444000550000005aaaa10aa1111000011001111110000000000100400000000004200000100500001100001"
            + "00000000000001010000000004400044a00000101114000001111000000000000000000000000000000000000000000000000000000000000000000000000000")
    private static let python312 = Opcodes(
        [
            .attribute: [70, 72, 73, 76, 77, 78, 79, 80, 81, 82, 106], .global: [111, 112, 116], .fast: [86, 88, 124, 127], .deref: [137], .name: [101],
            .extended: [144], .store: [95, 96, 97, 98, 113, 148, 153],
        ], shifted: true, constant: 100, imports: [108, 109], jumpsBack: [134, 140],
        calls: [23, 24, 28, 29, 34, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 56, 142, 171, 241, 244],
        ends: [1, 52, 53, 60, 68, 83, 90, 92, 94, 95, 97, 113, 114, 115, 121, 125, 128, 129, 130, 138, 148, 153, 154, 158, 159, 160, 161, 166, 167],
        steps: [62, 63, 64, 65, 90, 93, 123, 125, 126, 138, 150, 154, 158], items: [27, 60, 61, 159, 160], returns: [83, 121], handlers: 35, minor: 12,
        caches: "00000011101001101011111331003300003000333333333330000000311110111111009099009999999000000000110400000000009100044400400000110000"
            + "00000000000001000000400004000001110000111003000000000000000000000000000000000000000000000000000000000000000001000300000010000000")
    private static let python313 = Opcodes(
        [
            .attribute: [82, 191, 192, 193, 194, 195, 196, 197, 198, 199, 200, 201, 202], .global: [91, 203, 204], .fast: [85, 87], .deref: [84], .name: [92],
            .pair: [88, 111], .extended: [71], .store: [63, 66, 108, 113, 209, 210, 211],
        ], shifted: true, constant: 83, imports: [74, 75], jumpsBack: [77, 78],
        calls: [53, 54, 57, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 181, 244, 245, 246],
        ends: [1, 2, 19, 32, 36, 39, 97, 98, 99, 100, 101, 103, 108, 109, 110, 111, 112, 113, 114, 116, 117, 209, 210, 211, 212, 213, 220, 221, 222],
        steps: [65, 72, 104, 109, 110, 111, 112, 114, 118, 187, 188, 189, 190], items: [9, 38, 39, 212, 213], returns: [36, 103], handlers: 33, minor: 13,
        caches: "00010100000000000000000000000000000000013000010000000300001100000000000010000100009000000004010001111000100040000000010000000000"
            + "00000000000000000000001111111111113333333333333333333311111111199999999999944110144411333333111000000000000000000011300001111100")
}
