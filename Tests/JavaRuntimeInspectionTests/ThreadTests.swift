import Evidence
import Testing

extension LiveJavaTests {
    /// What a snapshot tells of Java threads, for every way in which HotSpot lays out its heap and runs code.
    @Suite(.enabled(if: StandingJava.isInstalled, StandingJava.needed)) struct ThreadTests {
        @Test(arguments: [
            [], ["-Xint"], ["-Xcomp"], ["-XX:+UseSerialGC"], ["-XX:-UseCompressedOops"], ["-XX:-UseCompressedOops", "-XX:-UseCompressedClassPointers"],
        ])
        func monitorsHaveOwnersAndStacksLines(options: [String]) async throws {
            try await StandingJava.run("monitor-cycle", options: options) { program in
                let snapshot = try await program.snapshot { $0.java("left")?.managedWait?.kind == .lock && $0.java("right")?.managedWait?.kind == .lock }
                let left = try #require(snapshot.java("left"))
                let right = try #require(snapshot.java("right"))
                #expect(left.managedWait?.ownerTID == right.tid)
                #expect(right.managedWait?.ownerTID == left.tid)
                #expect(left.managedWait?.typeName == "monitor of java.lang.Object")
                let frame = try #require(left.managedStack?.elements.first)
                #expect(frame.function == "Locks.nested")
                #expect(frame.file == "Locks.java")
                #expect(try frame.line == StandingJava.line(of: "synchronized (outer)", in: "Locks.java"))
                #expect(left.managedStack?.elements.last?.function == "java.lang.Thread.run")
                #expect(snapshot.java("main")?.managedWait?.kind == .threadEnd)
                #expect(snapshot.java("main")?.managedWait?.ownerTID == left.tid)
                #expect(snapshot.java("Reference Handler")?.managedWait?.kind == .housekeeping)
            }
        }
    }
}
