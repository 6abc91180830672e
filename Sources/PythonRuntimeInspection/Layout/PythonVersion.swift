/// A version of CPython, from `Py_Version`: PY_VERSION_HEX in patchlevel.h, such as 0x030b02f0 for 3.11.2.
struct PythonVersion: Hashable, CustomStringConvertible {
    var major: Int
    var minor: Int
    var micro: Int

    /// nil for what cannot be a version.
    init?(hex: UInt64) {
        guard hex >> 32 == 0 else { return nil }
        major = Int(hex >> 24 & 0xff)
        minor = Int(hex >> 16 & 0xff)
        micro = Int(hex >> 8 & 0xff)
        guard major == 3, minor < 64 else { return nil }
    }

    var description: String { "\(major).\(minor).\(micro)" }
}
