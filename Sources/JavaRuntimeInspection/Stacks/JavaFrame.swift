internal import Evidence

/// One frame of Java code.
struct JavaFrame {
    var method: JavaMethods.Method
    /// Index into the method's code; nil in native methods and where it is not known.
    var index: UInt64?
    /// A place that tells one position in the code from another.
    var place: UInt64
    var line: Int?
    /// Where local variable 0 lies, for interpreted frames: number N lies N words below.
    var locals: UInt64?

    var evidence: Frame {
        Frame(programCounter: place, function: method.fullName, module: method.isPlatform ? JavaFrame.platform : nil, file: method.file, line: line)
    }

    /// The module of frames whose class came with the platform.
    static let platform = "jrt:/java.base"

    /// Whether it is the method, in the class or one nested in it.
    func isIn(_ type: String, _ name: String) -> Bool {
        method.name == name && (method.className == type || method.className.hasPrefix("\(type)$"))
    }
}
