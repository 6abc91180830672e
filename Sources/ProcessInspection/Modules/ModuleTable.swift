package import Evidence

/// The files with code in a process, and where each lies.
package struct ModuleTable: Sendable {
    package struct Module: Sendable {
        package var path: String
        package var start: UInt64
        package var end: UInt64
        /// Linked address plus bias is the address in memory (wraps around).
        package var bias: UInt64
        package var image: ModuleImage
        /// In ascending order; between them other things may lie.
        package var mappings: [MemoryMapping]
    }
    /// In ascending order of start.
    package let modules: [Module]
    package let maps: [MemoryMapping]
    /// Files with code that could not be opened.
    package let missing: [String]

    package init(pid: Int32, maps: [MemoryMapping], memory: any MemoryReader, cache: ModuleImageCache) {
        self.maps = maps
        var modules: [Module] = []
        var missing: [String] = []
        for group in Self.groups(maps) where group.contains(where: \.isExecutable) {
            guard let image = Self.image(group[0], pid: pid, memory: memory, cache: cache) else {
                missing.append(group[0].path)
                continue
            }
            guard let code = group.first(where: \.isExecutable), let linked = image.address(ofOffset: code.fileOffset) else { continue }
            modules.append(
                Module(
                    path: group[0].path, start: group[0].start, end: group[group.count - 1].end,
                    bias: code.start &- linked, image: image, mappings: group))
        }
        self.modules = modules
        self.missing = missing
    }

    package func module(at address: UInt64) -> Module? {
        var low = 0
        var high = modules.count
        while low < high {
            let middle = low + (high - low) / 2
            if modules[middle].end <= address { low = middle + 1 } else { high = middle }
        }
        return low < modules.count && modules[low].start <= address ? modules[low] : nil
    }

    /// Address in memory of a symbol of the first module whose path contains `name`.
    package func address(ofSymbol symbol: String, inModuleNamed name: String = "") -> UInt64? {
        for module in modules where name.isEmpty || module.path.contains(name) {
            if let linked = module.image.address(ofSymbol: symbol) { return linked &+ module.bias }
        }
        return nil
    }

    package func records(pid: Int32) -> [ModuleRecord] {
        modules.map {
            ModuleRecord(pid: pid, path: $0.path, baseAddress: $0.start, endAddress: $0.end, buildID: $0.image.buildID)
        }
    }

    /// Neighbouring mappings of one file; the vDSO stands alone.
    private static func groups(_ maps: [MemoryMapping]) -> [[MemoryMapping]] {
        var groups: [[MemoryMapping]] = []
        for mapping in maps where mapping.isFile || mapping.path == "[vdso]" {
            if let last = groups.last?.first, last.path == mapping.path, last.inode == mapping.inode, last.device == mapping.device {
                groups[groups.count - 1].append(mapping)
            } else {
                groups.append([mapping])
            }
        }
        return groups
    }

    private static func image(
        _ mapping: MemoryMapping, pid: Int32, memory: any MemoryReader, cache: ModuleImageCache
    ) -> ModuleImage? {
        guard mapping.path == "[vdso]" else { return cache.image(for: mapping, pid: pid) }
        let length = min(mapping.end - mapping.start, 1 << 20)
        return (try? memory.bytes(at: mapping.start, upTo: Int(length))).flatMap(ModuleImage.copy)
    }
}
