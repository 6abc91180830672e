import Evidence
import Faults
import GRDB
import Glibc
import Processes
import Testing

/// Injectors as processes of their own, as the harness starts them.
@Suite struct InjectorProcessTests {
    /// The built tool lies beside the test program.
    private var hangscope: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.prefix(upTo: own.lastIndex(of: "/") ?? own.startIndex) + "/hangscope"
    }

    private let settings = ModelServerSettings(latency_s: 0, tokensPerSecond: 10_000, tokens: 20)

    private func withServer(_ body: (InjectorProcess) async throws -> Void) async throws {
        let server = try await InjectorProcess.start(
            name: "llm", kind: .modelServer, settings: settings, executable: hangscope, spawner: DirectSpawner())
        do { try await body(server) } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private func context(_ services: [String: InjectorProcess], database: String? = nil) -> FaultContext {
        FaultContext(
            services: services, database: database, executable: hangscope, spawner: DirectSpawner(), signalSubject: { _ in })
    }

    @Test func armsAndHealsOverTheControlChannel() async throws {
        try await withServer { server in
            let fault = try FaultRegistry.make(
                id: "llm-stall", kind: "stall", options: ["service": "llm", "after-tokens": "3"], context: context(["llm": server]))
            try await fault.arm()
            let client = try await RawClient.connect(port: server.port)
            await client.chat()
            var tokens = 0
            for await event in server.events {
                if event.name == "token" { tokens += 1 }
                if event.name == "stalled" { break }
            }
            #expect(tokens == 3)
            #expect(try await server.connections().array?.first?.object?["peer"]?.number == Double(client.localPort))
            await fault.heal()
            #expect(await client.read { $0.contains("[DONE]") }.ending == nil)
        }
    }

    @Test func showsNothingOfWhatItInjects() async throws {
        try await withServer { server in
            try await server.arm(name: "llm-stall", fault: "stall", options: ["after-tokens": "3"])
            for file in ["cmdline", "environ", "comm"] {
                let descriptor = open("/proc/\(server.process.pid)/\(file)", O_RDONLY)
                defer { close(descriptor) }
                var buffer = [UInt8](repeating: 0, count: 65536)
                let text = String(decoding: buffer.prefix(max(0, read(descriptor, &buffer, buffer.count))), as: UTF8.self)
                #expect(!text.contains("stall"))
            }
        }
    }

    @Test func errorsComeBackWhole() async throws {
        try await withServer { server in
            do {
                try await server.arm(name: "x", fault: "stall", options: ["aftr": "3"])
                Issue.record("an unknown option was taken")
            } catch let error as FaultError {
                #expect(error.code == "bad-option")
                #expect(error.remedy.contains("after-tokens"))
            }
        }
    }

    @Test func endsWithItsControlChannel() async throws {
        let server = try await InjectorProcess.start(
            name: "llm", kind: .modelServer, settings: settings, executable: hangscope, spawner: DirectSpawner())
        try await server.arm(name: "r", fault: "refuse")
        await server.end()
        await server.end()
        #expect(server.process.exitStatus == .exited(0))
        await #expect(throws: FaultError.self) { try await server.arm(name: "x", fault: "silence") }
    }

    @Test func aTakenPortIsSaid() async throws {
        try await withServer { server in
            var taken = settings
            taken.port = server.port
            await #expect(throws: FaultError.self) {
                _ = try await InjectorProcess.start(
                    name: "other", kind: .modelServer, settings: taken, executable: hangscope, spawner: DirectSpawner())
            }
        }
    }

    @Test func aKilledInjectorIsLost() async throws {
        try await withServer { server in
            server.process.signal(SIGKILL)
            _ = await server.process.wait()
            try await eventually("lost") {
                do { try await server.heal() } catch { return (error as? FaultError)?.code == "injector-lost" }
                return false
            }
        }
    }

    @Test func proxiesToAServer() async throws {
        try await withServer { server in
            let proxy = try await InjectorProcess.start(
                name: "gate", kind: .proxy, settings: FaultProxySettings(upstreamPort: server.port), executable: hangscope,
                spawner: DirectSpawner())
            let client = try await RawClient.connect(port: proxy.port)
            await client.chat()
            #expect(await client.read { $0.contains("[DONE]") }.ending == nil)
            #expect(throws: FaultError.self) {
                _ = try FaultRegistry.make(id: "x", kind: "silence", options: ["service": "gate"], context: context(["gate": proxy]))
            }
            await proxy.end()
        }
    }

    /// The locker is another process: SQLite here is shut out by its POSIX locks, which /proc/locks shows.
    @Test func locksADatabaseFromOutside() async throws {
        var template = Array("/tmp/hangscope-locker-XXXXXX".utf8CString)
        let folder = String(cString: mkdtemp(&template))
        let path = folder + "/jobs.sqlite"
        defer { for name in ["", "-journal"] { unlink(path + name) }; rmdir(folder) }
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: "CREATE TABLE job(id INTEGER)") }
        let fault = try FaultRegistry.make(
            id: "lock", kind: "lock-database", options: ["lock": "exclusive"], context: context([:], database: path))
        try await fault.prepare()
        #expect(await tryToRead(queue) == nil)
        try await fault.arm()
        #expect(await tryToRead(queue) == .SQLITE_BUSY)
        #expect(exclusiveLockHolder(path) != nil)
        #expect(exclusiveLockHolder(path) != getpid())
        await fault.heal()
        #expect(await tryToRead(queue) == nil)
        try await fault.arm()
        #expect(await tryToRead(queue) == .SQLITE_BUSY)
        await fault.end()
        #expect(await tryToRead(queue) == nil)
        try queue.close()
    }

    private func tryToRead(_ queue: DatabaseQueue) async -> ResultCode? {
        do { _ = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM job") } } catch {
            return (error as? DatabaseError)?.resultCode
        }
        return nil
    }

    /// Pid that holds bytes 1073741824 to 1073742335 for writing: PENDING, RESERVED and SHARED of SQLite's rollback locking.
    private func exclusiveLockHolder(_ path: String) -> Int32? {
        var information = stat()
        guard stat(path, &information) == 0, let file = fopen("/proc/locks", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, 512, file) != nil {
            let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(whereSeparator: \.isWhitespace)
            if fields.count == 8, fields[1] == "POSIX", fields[3] == "WRITE", fields[5].hasSuffix(":\(information.st_ino)"),
                fields[6] == "1073741824", fields[7] == "1073742335"
            {
                return Int32(fields[4])
            }
        }
        return nil
    }
}
