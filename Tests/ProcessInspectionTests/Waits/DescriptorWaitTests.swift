import Evidence
import Foundation
import ProcessInspection
import Testing

/// Waits on pipes, sockets and descriptor sets, in real processes, and who is at the other end.
extension LiveProcessTests {
    @Suite struct DescriptorWaitTests {
        private func interest(_ snapshot: Snapshot, _ pid: Int32) throws -> DescriptorInterest {
            let wait = try #require(try snapshot.thread(pid).wait)
            #expect(wait.kind == .descriptors)
            return try #require(wait.descriptors?.first)
        }

        private func pipe(_ snapshot: Snapshot, _ pid: Int32, _ fd: Int32) throws -> PipeRecord {
            let descriptor = try #require(snapshot.descriptors.elements.first { $0.pid == pid && $0.fd == fd })
            #expect(descriptor.kind == .pipe)
            return try #require(snapshot.pipes.elements.first { $0.inode == descriptor.inode })
        }

        private func socket(_ snapshot: Snapshot, _ pid: Int32, _ fd: Int32) throws -> SocketRecord {
            let descriptor = try #require(snapshot.descriptors.elements.first { $0.pid == pid && $0.fd == fd })
            #expect(descriptor.kind == .socket)
            return try #require(snapshot.sockets.elements.first { $0.inode == descriptor.inode })
        }

        @Test func `a pipe reader sees the child that inherited the write end`() async throws {
            try await Standing.run("pipe-read") { standing in
                let snapshot = try await standing.capture()
                let interest = try interest(snapshot, standing.pid)
                #expect(interest.operation == .read)
                let pipe = try pipe(snapshot, standing.pid, interest.fd)
                #expect(pipe.queued_bytes == 0)
                #expect(pipe.writers.count == 1 && pipe.writers[0].pid != standing.pid)
            }
        }

        @Test func `a pipe writer sees the full pipe and its reader, and writes no less for being looked at`() async throws {
            try await Standing.run("pipe-write") { standing in
                let snapshot = try await standing.capture()
                let interest = try interest(snapshot, standing.pid)
                #expect(interest.operation == .write)
                let pipe = try pipe(snapshot, standing.pid, interest.fd)
                #expect(pipe.queued_bytes == pipe.capacity_bytes)
                #expect(pipe.readers.allSatisfy { $0.pid != standing.pid } && !pipe.readers.isEmpty)
                #expect(try snapshot.thread(standing.pid).pause.method == .readWithoutStopping)
                #expect(!standing.output.all.contains { $0.hasPrefix("interrupted") })
            }
        }

        @Test func `opening a FIFO that nobody else opens`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("fifo-open", "\(folder)/fifo") { standing in
                    let snapshot = try await standing.capture()
                    let wait = try #require(try snapshot.thread(standing.pid).wait)
                    #expect(wait.detail?.contains("FIFO \(folder)/fifo") == true)
                    let pipe = try #require(snapshot.pipes.elements.first { $0.path == "\(folder)/fifo" })
                    #expect(pipe.writers.isEmpty)
                }
            }
        }

        @Test(arguments: ["poll", "select", "epoll"])
        func `descriptor sets tell what they watch`(kind: String) async throws {
            try await Standing.run(kind) { standing in
                let snapshot = try await standing.capture()
                let wait = try #require(try snapshot.thread(standing.pid).wait)
                let watched = try #require(wait.descriptors?.first { $0.events?.contains("in") == true })
                #expect(watched.operation == .poll)
                _ = try pipe(snapshot, standing.pid, watched.fd)
                if kind == "poll" { #expect(wait.timeout_s == 3600) }
                if kind == "epoll" {
                    let epoll = try #require(wait.descriptors?.first)
                    #expect(snapshot.descriptors.elements.contains { $0.fd == epoll.fd && $0.kind == .epoll && $0.epoll?.first?.fd == watched.fd })
                }
            }
        }

        @Test func `an eventfd names the other process that could write to it`() async throws {
            try await Standing.run("event-inherited") { standing in
                let snapshot = try await standing.capture()
                let fd = try interest(snapshot, standing.pid).fd
                let event = try #require(snapshot.descriptors.elements.first { $0.pid == standing.pid && $0.fd == fd })
                #expect(event.kind == .eventfd)
                #expect(event.sharedWith?.count == 1 && event.sharedWith?.first?.pid != standing.pid)
            }
        }

        @Test func `accept stands on its listener`() async throws {
            try await Standing.run("accept") { standing in
                let snapshot = try await standing.capture()
                let interest = try interest(snapshot, standing.pid)
                #expect(interest.operation == .accept)
                #expect(try socket(snapshot, standing.pid, interest.fd).state == .listening)
            }
        }

        @Test func `connecting to a full backlog finds the listener`() async throws {
            try await Standing.run("connect-backlog") { standing in
                let snapshot = try await standing.capture()
                let interest = try interest(snapshot, standing.pid)
                #expect(interest.operation == .connect)
                #expect(try snapshot.thread(standing.pid).wait?.detail?.hasPrefix("connects to 127.0.0.1:") == true)
                let socket = try socket(snapshot, standing.pid, interest.fd)
                #expect(socket.state == .synSent)
                #expect(socket.peer?.kind == .notAccepted)
                #expect(socket.peer?.owners.first.map { $0.pid != standing.pid } == true)
            }
        }

        @Test func `a silent peer is named, with what it has not said`() async throws {
            try await Standing.run("socket-silent") { standing in
                let snapshot = try await standing.capture()
                let socket = try socket(snapshot, standing.pid, try interest(snapshot, standing.pid).fd)
                #expect(socket.state == .established && socket.wasAccepted != true)
                #expect(socket.peer?.kind == .local)
                let peer = try #require(socket.peer?.owners.first)
                #expect(snapshot.processes.elements.contains { $0.identity.pid == peer.pid })
                #expect(socket.tcp?.bytesReceived == 0 && socket.tcp?.bytesAcked ?? 0 >= 7)
                // The request was read: nothing lies in the peer's queue.
                #expect(socket.peer?.receiveQueue == 0)
            }
        }

        @Test func `a peer that vanished is gone`() async throws {
            try await Standing.run("socket-gone") { standing in
                guard !standing.preamble.contains(where: { $0.hasPrefix("skipped") }) else { return }
                let snapshot = try await standing.capture()
                let socket = try socket(snapshot, standing.pid, try interest(snapshot, standing.pid).fd)
                #expect(socket.state == .established && socket.peer?.kind == .gone)
            }
        }

        @Test func `Unix sockets find their peers`() async throws {
            try await Standing.run("unix-silent") { standing in
                let snapshot = try await standing.capture()
                let socket = try socket(snapshot, standing.pid, try interest(snapshot, standing.pid).fd)
                #expect(socket.family == .unix && socket.peer?.kind == .local)
                #expect(socket.peer?.owners.first.map { $0.pid != standing.pid } == true)
            }
        }

        @Test func `a Unix connection that was never accepted`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("unix-backlog", "\(folder)/socket") { standing in
                    let snapshot = try await standing.capture()
                    let socket = try socket(snapshot, standing.pid, try interest(snapshot, standing.pid).fd)
                    #expect(socket.peer?.kind == .notAccepted)
                }
            }
        }

        @Test func `every kind of descriptor is told apart`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("descriptor-zoo", folder) { standing in
                    let snapshot = try await standing.capture { $0.follow.mode = .none }
                    let descriptors = snapshot.descriptors.elements.filter { $0.pid == standing.pid }
                    let kinds = Set(descriptors.map(\.kind))
                    for kind: Descriptor.Kind in [.file, .eventfd, .timerfd, .signalfd, .inotify, .memfd, .pidfd, .directory, .device] {
                        #expect(kinds.contains(kind), "\(kind)")
                    }
                    #expect(descriptors.contains { $0.kind == .file && $0.isDeleted && $0.target == "\(folder)/deleted" })
                    #expect(descriptors.first { $0.kind == .eventfd }?.eventCount == 7)
                    #expect(descriptors.first { $0.kind == .signalfd }?.signals == [10])
                    // IN_CREATE 0x100 and IN_DELETE 0x200: inotify(7).
                    #expect(descriptors.first { $0.kind == .inotify }?.watches == [InotifyWatch(inode: try inode(folder), events: 0x300)])
                    let netlink = try #require(snapshot.sockets.elements.first { $0.family == .netlink })
                    #expect(netlink.owners.map(\.pid) == [standing.pid])
                    let timer = try #require(descriptors.first { $0.kind == .timerfd }?.timer)
                    #expect(timer.interval_s == 60 && timer.remaining_s > 2900 && timer.remaining_s <= 3000)
                    #expect(descriptors.first { $0.kind == .pidfd }?.targetPID == standing.pid)
                    #expect(descriptors.first { $0.kind == .device && $0.target == "/dev/zero" }?.isNonBlocking == true)
                }
            }
        }

        private func inode(_ path: String) throws -> UInt64 {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? NSNumber).uint64Value
        }

        @Test func `a reader of inotify tells what it watches`() async throws {
            try await withTemporaryFolder { folder in
                try await Standing.run("inotify-read", folder) { standing in
                    let snapshot = try await standing.capture()
                    let interest = try interest(snapshot, standing.pid)
                    let descriptor = try #require(snapshot.descriptors.elements.first { $0.pid == standing.pid && $0.fd == interest.fd })
                    #expect(interest.operation == .read && descriptor.kind == .inotify)
                    #expect(descriptor.watches == [InotifyWatch(inode: try inode(folder), events: 0x100)])
                }
            }
        }

        @Test func `an io_uring tells what is not completed`() async throws {
            try await Standing.run("ring-read") { standing in
                guard !standing.preamble.contains(where: { $0.hasPrefix("skipped") }) else { return }
                let thread = try await standing.capture().thread(standing.pid)
                #expect(thread.syscall?.name == "io_uring_enter")
                #expect(thread.wait?.detail?.contains("1 operation taken and not completed") == true, "\(String(describing: thread.wait))")
                // IORING_OP_READ on a pipe waits until there is something in it.
                #expect(thread.wait?.detail?.contains("read") == true, "\(String(describing: thread.wait))")
                // A stop would end the call with EINTR.
                #expect(thread.pause.method == .readWithoutStopping)
                #expect(!standing.output.all.contains { $0.hasPrefix("interrupted") })
            }
        }
    }
}
