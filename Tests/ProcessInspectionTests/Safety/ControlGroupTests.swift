import Evidence
import Foundation
import Glibc
import ProcessInspection
import Processes
import Testing

/// Processes that their control group holds up: groups made for the test, of version 1 where the machine has that.
extension LiveProcessTests {
    @Suite struct ControlGroupTests {
        private static let root = "/sys/fs/cgroup"
        private static func has(_ path: String) -> Bool { getuid() == 0 && access("\(root)/\(path)", W_OK) == 0 }

        /// A group below `controller`, removed at the end, with everything in it ended before.
        private func withGroup(_ controller: String, _ body: (String) async throws -> Void) async throws {
            let folder = "\(Self.root)/\(controller)/standing-\(UUID().uuidString)"
            #expect(mkdir(folder, 0o755) == 0)
            do { try await body(folder) } catch {
                rmdir(folder)
                throw error
            }
            // A process leaves its group a moment after it has ended.
            #expect(await eventually { rmdir(folder) == 0 })
        }

        private func write(_ text: String, to path: String) throws {
            let file = try #require(FileHandle(forWritingAtPath: path), "\(path)")
            try file.write(contentsOf: Data(text.utf8))
            try file.close()
        }

        private func group(_ standing: Standing) async throws -> (snapshot: Snapshot, record: CgroupRecord) {
            let snapshot = try await standing.capture { $0.follow.mode = .none }
            return (snapshot, try #require(snapshot.processes.elements.first?.cgroup))
        }

        @Test(.enabled(if: has("cpu/cpu.cfs_quota_us") || has("cpu/cgroup.procs"), "needs root and the cpu controller of version 1"))
        func `a quota that is used up is counted`() async throws {
            try await withGroup("cpu") { folder in
                try await Standing.run("busy") { standing in
                    try write("10000", to: "\(folder)/cpu.cfs_period_us")
                    try write("1000", to: "\(folder)/cpu.cfs_quota_us")
                    try write("\(standing.pid)", to: "\(folder)/cgroup.procs")
                    #expect(await eventually { ((try? String(contentsOfFile: "\(folder)/cpu.stat", encoding: .utf8)) ?? "").contains(/nr_throttled [1-9]/) })
                    let record = try await group(standing).record
                    #expect(record.path == "/" + (folder.split(separator: "/").last ?? ""))
                    #expect(record.throttledPeriods ?? 0 > 0 && record.throttled_s ?? 0 > 0)
                    #expect(record.holdUps.contains { $0.hasPrefix("its CPU quota was used up") }, "\(record.holdUps)")
                    #expect(await eventually { standing.isFree })
                }
            }
        }

        @Test(.enabled(if: has("freezer/cgroup.procs"), "needs root and the freezer of version 1"))
        func `a frozen process shows that it is, and goes on when thawed`() async throws {
            try await withGroup("freezer") { folder in
                try await Standing.run("healthy-locks") { standing in
                    try write("\(standing.pid)", to: "\(folder)/cgroup.procs")
                    try write("FROZEN", to: "\(folder)/freezer.state")
                    #expect(await eventually { (try? ProcFile.line("\(folder)/freezer.state")) == "FROZEN" })
                    let (snapshot, record) = try await group(standing)
                    #expect(record.frozen == true && record.holdUps == ["it is frozen"])
                    #expect(snapshot.threads.elements.count > 1 && snapshot.threads.elements.allSatisfy { $0.pause.method != .stopped })
                    try write("THAWED", to: "\(folder)/freezer.state")
                    #expect(await eventually { standing.isFree && standing.state.state == "S" })
                }
            }
        }

        @Test(.enabled(if: has("memory/memory.limit_in_bytes") || has("memory/cgroup.procs"), "needs root and the memory controller of version 1"))
        func `a process that waits for memory shows that its group has none left`() async throws {
            try await withGroup("memory") { folder in
                try await Standing.run("eat-memory") { standing in
                    try write("\(standing.pid)", to: "\(folder)/cgroup.procs")
                    try write("8388608", to: "\(folder)/memory.limit_in_bytes")
                    try write("1", to: "\(folder)/memory.oom_control")
                    standing.child.signal(SIGUSR1)
                    #expect(await eventually { ((try? String(contentsOfFile: "\(folder)/memory.oom_control", encoding: .utf8)) ?? "").contains("under_oom 1") })
                    let (snapshot, record) = try await group(standing)
                    #expect(record.isOutOfMemory == true && record.memoryMaximum_bytes == 8_388_608)
                    #expect(record.holdUps.contains { $0.hasPrefix("its memory is used up") })
                    #expect(try snapshot.thread(standing.pid).state != "Z")
                    #expect(standing.isFree)
                }
            }
        }

        @Test(.enabled(if: has("memory/memory.limit_in_bytes") || has("memory/cgroup.procs"), "needs root and the memory controller of version 1"))
        func `whoever is left when a member of its group was killed for memory shows that`() async throws {
            try await withGroup("memory") { folder in
                try await Standing.run("pause") { standing in
                    try await Standing.run("eat-memory") { eater in
                        for pid in [standing.pid, eater.pid] { try write("\(pid)", to: "\(folder)/cgroup.procs") }
                        try write("8388608", to: "\(folder)/memory.limit_in_bytes")
                        eater.child.signal(SIGUSR1)
                        #expect(await eater.child.wait(for: .seconds(60)) == .signalled(SIGKILL))
                    }
                    let record = try await group(standing).record
                    #expect(record.oomKills == 1 && record.isOutOfMemory == false)
                    #expect(standing.isFree)
                }
            }
        }

        @Test func `a process that nothing holds up says nothing`() async throws {
            try await Standing.run("pause") { standing in
                let record = try await standing.capture { $0.follow.mode = .none }.processes.elements.first?.cgroup
                #expect(record?.frozen != true && record?.isOutOfMemory != true)
            }
        }
    }
}
