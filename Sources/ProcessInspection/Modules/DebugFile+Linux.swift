internal import CLinux
internal import Glibc

/// The separate file that an image's debugging information was moved to, as distributions do.
///
/// GDB's manual, "Debugging Information in Separate Files": by build id, or by the name in
/// .gnu_debuglink beside the file, below .debug, and below /usr/lib/debug.
enum DebugFile {
    private static let folder = "/usr/lib/debug"

    /// Finds it and hands it to the image; nothing happens when there is none, or the image needs none.
    static func attach(to image: OpaquePointer, path: String, root: String) {
        guard hs_image_has_section(image, ".debug_info") == 0 else { return }
        let own = buildID(image)
        for candidate in byBuildID(own, root) {
            guard let debug = hs_image_open(candidate) else { continue }
            if buildID(debug) == own { return hs_image_use_debug_file(image, debug) }
            hs_image_close(debug)
        }
        var checksum: UInt32 = 0
        guard let name = hs_image_debug_link(image, &checksum).map({ String(cString: $0) }) else { return }
        for candidate in byName(name, path, root) where candidate != path {
            guard let debug = hs_image_open(candidate) else { continue }
            let isRight = own != nil && buildID(debug) == own || hs_image_checksum(debug) == checksum
            if isRight { return hs_image_use_debug_file(image, debug) }
            hs_image_close(debug)
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
        return bytes.prefix(count).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
