import Foundation
import Glibc
import ProcessInspection
import SwiftRuntimeInspection
import Testing

/// The toolchain's own reader of other processes' tasks, libswiftRemoteMirror (SwiftRemoteMirror.h), as far as it goes:
/// it has no names, parents, groups or waits.
final class RemoteMirror {
    struct Info {
        var id: UInt64
        var runJob: UInt64
        var children: [UInt64]
        var frames: [UInt64]
    }
    private let context: OpaquePointer
    private let reader: Reader
    private let taskInfo: TaskInfo

    /// What its callbacks get.
    private final class Reader {
        let memory: LiveMemory
        let image: DynamicImage
        init(_ memory: LiveMemory, _ image: DynamicImage) {
            self.memory = memory
            self.image = image
        }
    }
    private typealias Pointer = UnsafeMutableRawPointer
    private typealias Query = @convention(c) (Pointer?, Int32, Pointer?, Pointer?) -> Int32
    private typealias Free = @convention(c) (Pointer?, UnsafeRawPointer?, Pointer?) -> Void
    private typealias Read = @convention(c) (Pointer?, UInt64, UInt64, UnsafeMutablePointer<Pointer?>?) -> UnsafeRawPointer?
    private typealias Length = @convention(c) (Pointer?, UInt64) -> UInt64
    private typealias Symbol = @convention(c) (Pointer?, UnsafePointer<CChar>?, UInt64) -> UInt64
    private typealias Create = @convention(c) (Pointer?, Query, Free, Read, Length, Symbol) -> OpaquePointer?
    /// A large structure is returned through a pointer that comes first: x86-64 psABI, 3.2.3.
    private typealias TaskInfo = @convention(c) (Pointer, OpaquePointer, UInt64) -> Pointer?

    private static func library() throws -> UnsafeMutableRawPointer {
        if let library = dlopen("libswiftRemoteMirror.so", RTLD_NOW) { return library }
        try Test.cancel("the toolchain has no libswiftRemoteMirror.so")
    }

    /// Cancels the test where the toolchain has no such library.
    init(pid: Int32, runtime: ConcurrencyRuntime) throws {
        let library = try Self.library()
        let create = unsafeBitCast(
            try #require(dlsym(library, "swift_reflection_createReflectionContextWithDataLayout")), to: Create.self)
        taskInfo = unsafeBitCast(try #require(dlsym(library, "swift_reflection_asyncTaskInfo")), to: TaskInfo.self)
        reader = Reader(LiveMemory(pid: pid), runtime.image)
        context = try #require(create(Unmanaged.passUnretained(reader).toOpaque(), query, free, read, length, symbol))
    }

    /// swift_async_task_info: offsets up to `ThreadPort` differ between versions; from `Id` on they do not.
    func info(task: UInt64) throws -> Info {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 16)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: 256)
        _ = taskInfo(bytes, context, task)
        if let error = bytes.load(as: UnsafePointer<CChar>?.self) { throw Failure(text: String(cString: error)) }
        func list(_ offset: Int) -> [UInt64] {
            let count = bytes.load(fromByteOffset: offset, as: UInt32.self)
            let values = bytes.load(fromByteOffset: offset + 8, as: UnsafePointer<UInt64>?.self)
            return Array(UnsafeBufferPointer(start: values, count: values == nil ? 0 : Int(count)))
        }
        return Info(
            id: bytes.load(fromByteOffset: 40, as: UInt64.self), runJob: bytes.load(fromByteOffset: 48, as: UInt64.self),
            children: list(64), frames: list(80))
    }

    struct Failure: Error { var text: String }

    private static func reader(_ context: Pointer?) -> Reader? { context.map { Unmanaged<Reader>.fromOpaque($0).takeUnretainedValue() } }

    /// DataLayoutQueryType: pointer size, size of size_t, pointer authentication mask, reserved low bits, least valid pointer.
    private let query: Query = { _, what, _, result in
        switch what {
        case 0, 1: result?.storeBytes(of: 8, as: UInt8.self)
        case 2: result?.storeBytes(of: .max, as: UInt64.self)
        case 3: result?.storeBytes(of: 0, as: UInt8.self)
        case 4: result?.storeBytes(of: 4096, as: UInt64.self)
        default: return 0
        }
        return 1
    }
    private let free: Free = { _, bytes, _ in Glibc.free(UnsafeMutableRawPointer(mutating: bytes)) }
    private let read: Read = { context, address, size, _ in
        guard size <= 1 << 20, let reader = RemoteMirror.reader(context), let bytes = malloc(Int(max(size, 1))) else { return nil }
        let got = (try? reader.memory.read(at: address, into: UnsafeMutableRawBufferPointer(start: bytes, count: Int(size)))) ?? 0
        if got == Int(size) { return UnsafeRawPointer(bytes) }
        Glibc.free(bytes)
        return nil
    }
    private let length: Length = { context, address in
        UInt64((try? RemoteMirror.reader(context)?.memory.string(at: address))?.utf8.count ?? 0)
    }
    private let symbol: Symbol = { context, name, length in
        guard let name, let reader = RemoteMirror.reader(context) else { return 0 }
        let text = String(decoding: UnsafeRawBufferPointer(start: name, count: Int(length)), as: UTF8.self)
        return reader.image.symbols([text])[text] ?? 0
    }
}
