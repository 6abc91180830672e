internal import CLinux
internal import Glibc

/// The separate file that an image's debugging information was moved to, as distributions do.
///
/// GDB's manual, "Debugging Information in Separate Files": by build id, or by the name in
/// .gnu_debuglink beside the file, below .debug, and below /usr/lib/debug. Either may share parts with other
/// files in one more, as dwz(1) writes it.
enum DebugFile {
    private static let folder = "/usr/lib/debug"

    /// Finds it and hands it to the image; nothing happens when there is none, or the image needs none.
    static func attach(to image: OpaquePointer, path: String, root: String) {
        let holder = hs_image_has_section(image, ".debug_info") == 0 ? attachSeparate(to: image, path, root) : path
        if let holder { attachSupplementary(to: image, holder, root) }
    }

    /// Returns the file's path.
    private static func attachSeparate(to image: OpaquePointer, _ path: String, _ root: String) -> String? {
        let own = buildID(image)
        for candidate in byBuildID(own, root) {
            guard let debug = hs_image_open(candidate) else { continue }
            if buildID(debug) == own {
                hs_image_use_debug_file(image, debug)
                return candidate
            }
            hs_image_close(debug)
        }
        var checksum: UInt32 = 0
        guard let name = hs_image_debug_link(image, &checksum).map({ String(cString: $0) }) else { return nil }
        for candidate in byName(name, path, root) where candidate != path {
            guard let debug = hs_image_open(candidate) else { continue }
            let isRight = own != nil && buildID(debug) == own || hs_image_checksum(debug) == checksum
            if isRight {
                hs_image_use_debug_file(image, debug)
                return candidate
            }
            hs_image_close(debug)
        }
        return nil
    }

    /// - Parameter holder: the file that names it; names without a leading slash count from its folder.
    private static func attachSupplementary(to image: OpaquePointer, _ holder: String, _ root: String) {
        var id: UnsafePointer<UInt8>?
        var count = 0
        guard let name = hs_image_supplementary_link(image, &id, &count).map({ String(cString: $0) }), let id else { return }
        var candidates = byBuildID(hexadecimal(UnsafeBufferPointer(start: id, count: count)), root)
        if name.hasPrefix("/") {
            candidates = roots(root).map { $0 + name } + candidates
        } else {
            // Files by build id are often links: the name counts from where the file itself lies.
            let folders = [realpath(holder, nil).map { path in defer { free(path) }; return String(cString: path) }, holder]
                .compactMap { path in path?.lastIndex(of: "/").map { String(path![..<$0]) } }
            candidates = folders.map { "\($0)/\(name)" } + candidates
        }
        for candidate in candidates {
            guard let other = hs_image_open(candidate) else { continue }
            if hs_image_is_supplementary(other, id, count) != 0 { return hs_image_use_supplementary(image, other) }
            hs_image_close(other)
        }
    }

    private static func byBuildID(_ id: String?, _ root: String) -> [String] {
        guard let id, id.count > 2 else { return [] }
        return roots(root).map { "\($0)\(folder)/.build-id/\(id.prefix(2))/\(id.dropFirst(2)).debug" }
    }

    private static func byName(_ name: String, _ path: String, _ root: String) -> [String] {
        guard path.hasPrefix(root + "/"), let slash = path.lastIndex(of: "/") else { return [] }
        let place = String(path[..<slash])
        let inside = place.dropFirst(root.count)
        return ["\(place)/\(name)", "\(place)/.debug/\(name)"] + roots(root).map { "\($0)\(folder)\(inside)/\(name)" }
    }

    /// The process's own file system first, then ours.
    private static func roots(_ root: String) -> [String] { root.isEmpty ? [""] : [root, ""] }

    /// Hexadecimal GNU build id; nil when the file has none.
    static func buildID(_ image: OpaquePointer) -> String? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = hs_image_build_id(image, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return hexadecimal(bytes.prefix(count))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
