import Evidence
import ProcessInspection
import Testing

@Suite struct ParsingTests {
    @Test func `a name in stat may hold anything`() throws {
        let stat = try #require(ProcStat("812 (a) S (b) R 1 812 800 0 -1 4194304 1 0 0 0 7 3 0 0 20 0 5 0 4711 1000 20 18446744073709551615"))
        #expect(stat.name == "a) S (b" && stat.state == "R" && stat.parentPID == 1 && stat.threadCount == 5 && stat.startTicks == 4711)
        #expect(ProcStat("") == nil && ProcStat("1 (x") == nil && ProcStat("1 (x) S") == nil)
    }

    @Test func `syscall has three forms`() {
        #expect(SyscallReading("running\n") == .running)
        #expect(SyscallReading("-1 0x7ffe 0x55") == .blocked(stackPointer: 0x7ffe, programCounter: 0x55))
        #expect(SyscallReading("0 0x3 0x1 0x2 0x0 0x0 0x0 0x7ffe 0x55") == .inCall(number: 0, arguments: [3, 1, 2, 0, 0, 0], stackPointer: 0x7ffe, programCounter: 0x55))
        #expect(SyscallReading("") == nil && SyscallReading("0 0x3") == nil)
    }

    @Test func `lock lines of every kind`() throws {
        let posix = try #require(LockLine("1: POSIX  ADVISORY  WRITE 812 08:01:1234 1073741825 1073741825"))
        #expect(posix.kind == .posix && posix.pid == 812 && posix.inode == 1234 && posix.end == 1_073_741_825 && posix.device == 0x801)
        let waiter = try #require(LockLine("1: -> OFDLCK ADVISORY  READ -1 00:2f:9 0 EOF"))
        #expect(waiter.isWaiter && waiter.kind == .ofd && waiter.mode == .read && waiter.pid == -1 && waiter.end == nil)
        #expect(LockLine("") == nil && LockLine("1: POSIX") == nil && LockLine("1: -> ") == nil)
    }

    @Test func `fdinfo of an epoll set and a timer`() {
        let epoll = DescriptorInfo("pos:\t0\nflags:\t02\nmnt_id:\t16\ntfd:        5 events:       1d data:                5  pos:0 ino:61af sdev:7\n")
        #expect(epoll.epoll == [EpollWatch(fd: 5, events: 0x1d, inode: 0x61af)])
        let timer = DescriptorInfo("pos:\t0\nclockid: 1\nticks: 2\nsettime flags: 01\nit_value: (0, 49406829)\nit_interval: (1, 0)\n")
        #expect(timer.timer?.unreadExpirations == 2 && timer.timer?.interval_s == 1 && timer.timer?.remaining_s ?? 0 > 0.049)
        #expect(DescriptorInfo("garbage").epoll.isEmpty)
    }

    @Test func `maps with blanks, deleted files and nonsense`() throws {
        let maps = MemoryMapping.parse("1000-2000 r-xp 00000000 08:01 12 /a b (deleted)\nnonsense\n3000-4000 rw-p 0 00:00 0 \n")
        #expect(maps.count == 2)
        #expect(maps[0].path == "/a b" && maps[0].isDeleted && maps[0].isExecutable && !maps[0].isWritable)
        #expect(maps.containing(0x1fff)?.start == 0x1000)
        #expect(maps.containing(0x2000) == nil && maps.containing(0xfff) == nil)
    }

    @Test func `digests are SHA-256 of salt and value`() {
        #expect(Digest.short("value", salt: "salt") == "d5822b13fbf3d5a4c69a9c54a2a62544")
        #expect(Digest.short(String(repeating: "x", count: 100), salt: "") == "e3937cf472bf9de92f12417ab8a61f8f")
    }

    @Test(arguments: [
        ("jobd.LLMClient.complete(_: Swift.String, prompt: Swift.Array<Swift.Int>) async throws -> Swift.String", "LLMClient.complete(_:prompt:)"),
        ("JobSystem.work() -> ()", "work()"),
        ("(1) suspend resume partial function for JobSystem.Manager.run(job: Swift.Int) async -> ()", "Manager.run(job:)"),
        ("closure #1 () async throws -> () in JobSystem.Manager.start() -> ()", "closure #1 in Manager.start()"),
        ("static NIOPosix.Epoll.epoll_wait(epfd: Swift.Int32, events: Swift.UnsafeMutablePointer<__C.epoll_event>) throws -> Swift.Int32", "Epoll.epoll_wait(epfd:events:)"),
        ("static NIOPosix.Group.(run in _C2B1528F4FBA68A3DBFA89DBAEBE9D4D)(thread: NIOPosix.NIOThread) -> ()", "Group.run(thread:)"),
        ("(extension in JobSystem):Swift.String.trimmed() -> Swift.String", "String.trimmed()"),
        ("JobSystem.Box.value.getter : Swift.Int", "Box.value.getter"),
        ("generic specialization <Swift.Int> of JobSystem.f(Swift.Int, x: (Swift.Int, Swift.Int) -> Swift.Bool) -> ()", "f(_:x:)"),
        ("main", "main"),
    ])
    func `names as people write them`(demangled: String, expected: String) {
        #expect(SymbolName.shortened(demangled) == expected)
    }

    @Test(arguments: [
        ("swift::runJobInEstablishedExecutorContext(swift::Job*)", "swift::runJobInEstablishedExecutorContext"),
        ("std::vector<int, std::allocator<int> >::push_back(int const&)", "std::vector::push_back"),
        ("(anonymous namespace)::work(int)", "(anonymous namespace)::work"),
    ])
    func `C++ names without arguments`(demangled: String, expected: String) {
        #expect(SymbolName.shortened(demangled, isSwift: false) == expected)
    }
}
