// swift-tools-version: 6.2
import PackageDescription

// The layout is the architecture: a target imports only targets above it in this
// file, and only those named. Tests/TidyTests holds the rule.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// Swift's libraries within the program, at a fixed address: finding and joining the twenty shared ones, and moving it to where it
/// happens to be put, takes most of the time that it needs to start.
/// Foundation's own parts are named, for its modules ask for the shared ones.
let standalone: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-Xclang-linker", "-no-pie", "-Xlinker", "--start-group", "-lFoundation", "-lFoundationEssentials", "-lFoundationInternationalization",
         "-lCoreFoundation", "-l_FoundationCShims", "-l_FoundationCollections", "-l_FoundationICU", "-lswiftSynchronization", "-Xlinker", "--end-group"],
        .when(platforms: [.linux], configuration: .release)),
]

let package = Package(
    name: "hangscope",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "hangscope", targets: ["hangscope"]),
        .executable(name: "jobd", targets: ["jobd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // C shims: ptrace, process_vm_readv, pidfd, netlink sock_diag, libunwind accessors.
        .target(
            name: "CLinux",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra"])],
            linkerSettings: [
                .linkedLibrary("unwind-x86_64", .when(platforms: [.linux])),
                .linkedLibrary("unwind", .when(platforms: [.linux])),
                .linkedLibrary("lzma", .when(platforms: [.linux])),
            ]),

        // Pure: values in, values out; they run on recorded evidence anywhere.
        room("Evidence"),
        room("WaitGraph", ["Evidence"]),
        room("Diagnosis", ["Evidence", "WaitGraph"]),
        room("Reporting", ["Evidence", "WaitGraph", "Diagnosis"]),

        // Looking at live processes.
        room("Processes", ["Evidence", "CLinux"]),
        room("ProcessInspection", ["Evidence", "CLinux", "Processes"]),
        room("SwiftRuntimeInspection", ["Evidence", "CLinux", "ProcessInspection"]),
        room("PythonRuntimeInspection", ["Evidence", "ProcessInspection"]),
        room("JavaRuntimeInspection", ["Evidence", "ProcessInspection"]),

        // Running a system under a scenario.
        room("Monitoring", ["Evidence", "Processes", "ProcessInspection", grdb]),
        room("Faults", ["Evidence", "CLinux", "Processes", log, grdb] + nio),
        room("Scenario", ["Evidence", .product(name: "Yams", package: "Yams")]),
        room("Archive", ["Evidence", grdb]),
        room("Harness", [
            "Evidence", "Processes", "ProcessInspection", "SwiftRuntimeInspection",
            "Monitoring", "Faults", "Scenario", "Archive", httpClient,
        ] + nio),
        room("Investigation", [
            "Evidence", "WaitGraph", "Diagnosis", "Processes", "Scenario", "Archive", "Harness",
        ]),

        // The reference job system: imports nothing of ours.
        room("JobSystem", [hummingbird, httpClient, grdb, log, tracing, lifecycle] + nio),
        .executableTarget(name: "jobd", dependencies: ["JobSystem"], swiftSettings: strict),

        // The command line.
        .executableTarget(
            name: "hangscope",
            dependencies: [
                "Evidence", "WaitGraph", "Diagnosis", "Reporting", "Processes", "ProcessInspection",
                "SwiftRuntimeInspection", "PythonRuntimeInspection", "JavaRuntimeInspection", "Monitoring", "Faults", "Scenario", "Archive", "Harness",
                "Investigation", arguments,
            ],
            swiftSettings: strict, linkerSettings: standalone),

        // Programs that stand still on purpose, and their healthy twins: what the tests look at.
        .executableTarget(
            name: "standing-c", path: "Tests/Programs/standing-c",
            cSettings: [.unsafeFlags(["-O1", "-g", "-fno-omit-frame-pointer"])], cxxSettings: [.unsafeFlags(["-O1", "-g", "-fno-omit-frame-pointer"])],
            linkerSettings: [.linkedLibrary("pthread"), .linkedLibrary("resolv"), .linkedLibrary("stdc++")]),
        .executableTarget(
            name: "standing-swift", dependencies: [httpClient, grdb, lifecycle, log] + nio,
            path: "Tests/Programs/standing-swift", swiftSettings: strict),

        tests("EvidenceTests", ["Evidence"]),
        tests("WaitGraphTests", ["Evidence", "WaitGraph"]),
        tests("DiagnosisTests", ["Evidence", "WaitGraph", "Diagnosis", "Archive"]),
        tests("ReportingTests", ["Evidence", "WaitGraph", "Diagnosis", "Reporting"], resources: [.copy("Goldens")]),
        tests("ProcessesTests", ["Evidence", "Processes", "hangscope"]),
        tests("ProcessInspectionTests", ["Evidence", "Processes", "ProcessInspection", "standing-c"]),
        tests("SwiftRuntimeInspectionTests", [
            "Evidence", "Processes", "ProcessInspection", "SwiftRuntimeInspection", "standing-swift",
        ]),
        tests("JavaRuntimeInspectionTests", ["Evidence", "WaitGraph", "Diagnosis", "Processes", "ProcessInspection", "JavaRuntimeInspection", "hangscope"]),
        tests("PythonRuntimeInspectionTests", [
            "Evidence", "Processes", "ProcessInspection", "PythonRuntimeInspection", "WaitGraph", "Diagnosis",
        ]),
        tests("MonitoringTests", ["Evidence", "Processes", "Monitoring", grdb]),
        tests("FaultsTests", ["Evidence", "Processes", "Faults", "hangscope", grdb]),
        tests("ScenarioTests", ["Evidence", "Scenario"]),
        tests("ArchiveTests", ["Evidence", "Archive"]),
        tests("HarnessTests", ["Evidence", "Scenario", "Archive", "Processes", "Harness", "jobd", "hangscope"]),
        tests("JobSystemTests", ["JobSystem", "jobd", httpClient, grdb] + nio),
        tests("EndToEndTests", ["Evidence", "Diagnosis", "Processes", "hangscope", "jobd", "standing-c", "standing-swift"]),
        tests("TidyTests", ["Evidence", "hangscope", "jobd"]),
    ],
    swiftLanguageModes: [.v6]
)
