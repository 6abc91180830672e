/// SHA-256 (FIPS 180-4), for digests of environment values: lets two recordings be compared
/// without showing either value. Here because no dependency at hand offers it to this target.
package enum Digest {
    private static let constants: [UInt32] = {
        // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
        var primes: [Int] = []
        var candidate = 2
        while primes.count < 64 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes.map(cubeRootFraction)
    }()
    private static let start: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    /// floor(frac(cbrt(n)) * 2^32), in integers: the greatest r with r^3 <= n * 2^96.
    private static func cubeRootFraction(_ number: Int) -> UInt32 {
        var low: UInt64 = 0
        var high: UInt64 = 7 << 32
        while low < high {
            let middle = low + (high - low + 1) / 2
            if cube(middle, isAtMost: UInt64(number)) { low = middle } else { high = middle - 1 }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    private static func cube(_ root: UInt64, isAtMost number: UInt64) -> Bool {
        // UInt128 holds root^2 (70 bits) and root^3 (105 bits).
        let wide = UInt128(root)
        return wide * wide * wide <= UInt128(number) << 96
    }

    /// The first 16 bytes of the digest, in hexadecimal.
    package static func short(_ text: String, salt: String) -> String {
        var state = start
        var message = Array(salt.utf8) + [0] + Array(text.utf8)
        let length = UInt64(message.count) * 8
        message.append(0x80)
        while message.count % 64 != 56 { message.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) { message.append(UInt8(truncatingIfNeeded: length >> UInt64(shift))) }
        for block in stride(from: 0, to: message.count, by: 64) { mix(message[block..<block + 64], &state) }
        return state.prefix(4).map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private static func mix(_ block: ArraySlice<UInt8>, _ state: inout [UInt32]) {
        func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 { value >> by | value << (32 - by) }
        var schedule = stride(from: block.startIndex, to: block.endIndex, by: 4).map { at in
            block[at..<at + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<64 {
            let a = schedule[index - 15], b = schedule[index - 2]
            let first = rotate(a, 7) ^ rotate(a, 18) ^ (a >> 3)
            let second = rotate(b, 17) ^ rotate(b, 19) ^ (b >> 10)
            schedule.append(schedule[index - 16] &+ first &+ schedule[index - 7] &+ second)
        }
        var v = state
        for index in 0..<64 {
            let sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
            let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
            let first = v[7] &+ sum1 &+ choice &+ constants[index] &+ schedule[index]
            let sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
            v = [first &+ sum0 &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
        }
        for index in 0..<8 { state[index] = state[index] &+ v[index] }
    }
}
