// swift-tools-version: 6.1
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of the house; its tests, where it has any, stand in `Tests/<name>Tests`.
func module(_ name: String, _ dependencies: [Target.Dependency], plugins: [Target.PluginUsage] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swift, plugins: plugins)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swift)
}

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "isthmus",
    products: [.executable(name: "isthmus", targets: ["isthmus"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    // The arrows go one way, from the command line at the top to C at the bottom. What a module does
    // not list here it cannot import: Judge has no client, Collect has no Judge.
    targets: [
        .executableTarget(
            name: "isthmus",
            dependencies: [
                "Report", "Setup", "Judge", "Collect", "Facts", "Mesh", "Kubernetes", "GoogleCloud", "HTTP", "CheckFiles",
                "StrictYAML",
                arguments,
            ],
            swiftSettings: swift),

        module("Report", ["Setup", "Judge", "Facts", "Kubernetes"]),
        // Plans, applies and undoes. What it is to know of the clusters comes judged, from the command line.
        module(
            "Setup", ["AtOnce", "Judge", "Facts", "Mesh", "Kubernetes", "Secrecy", "HTTP", "TLS", "StrictYAML", yams, subprocess]),
        module("Judge", ["Facts", "CheckFiles", "StrictYAML", grdb]),
        module(
            "Collect", ["Facts", "Mesh", "Policy", "Kubernetes", "GoogleCloud", "Secrecy", "HTTP", "TLS", "StrictYAML", "AtOnce"]),
        module("Facts", ["CheckFiles", "StrictYAML", grdb, "CSQLite"]),
        module("Mesh", ["Policy", "StrictYAML"]),
        // What rules of others say about addresses and ports: pure evaluators, no client, no mesh.
        module("Policy", []),

        // Reads what people write as YAML: mesh.yaml, fact tables, cases, accepted findings.
        module("StrictYAML", [yams]),

        module("Kubernetes", ["Secrecy", "HTTP", "TLS", yams]),
        // A client beside Kubernetes: Google's REST APIs, and the credentials for them.
        module("GoogleCloud", ["Secrecy", "HTTP", "TLS"]),
        // Secrets from files and programs, and texts of others made safe to print.
        module("Secrecy", [subprocess]),
        // The same work for many elements at the same time, with their answers in order.
        module("AtOnce", []),
        module("HTTP", ["CCurl", "COpenSSL"]),
        module("TLS", ["COpenSSL"]),

        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),

        // `checks/` is data, edited by hand; the plugin turns it into one Swift file at each build.
        module("CheckFiles", [], plugins: ["EmbedChecks"]),
        .plugin(name: "EmbedChecks", capability: .buildTool(), dependencies: ["embed-checks"]),
        .executableTarget(name: "embed-checks", swiftSettings: swift),

        // Synthetic snapshots of any size, for `make bench`.
        .executableTarget(
            name: "make-snapshot", dependencies: ["Facts"], path: "Benchmarks/make-snapshot", swiftSettings: swift),

        // The TLS prober by itself, for `make bench`.
        .executableTarget(name: "probe-tls", dependencies: ["TLS"], path: "Benchmarks/probe-tls", swiftSettings: swift),

        tests("AtOnceTests", ["AtOnce"]),
        tests("CheckFilesTests", ["CheckFiles"]),
        tests("HTTPTests", ["HTTP", "Peers"]),
        tests("TLSTests", ["TLS", "Peers"]),
        // Real servers, and certificates made in memory, for the tests above.
        .target(name: "Peers", dependencies: ["Kubernetes", "HTTP", "COpenSSL"], path: "Tests/Peers", swiftSettings: swift),
        tests("KubernetesTests", ["Kubernetes", "Secrecy", "HTTP", "Peers", yams, subprocess], exclude: ["Kubeconfigs"]),
        tests("GoogleCloudTests", ["GoogleCloud", "Secrecy", "HTTP", "TLS", "Peers"]),
        tests("FactsTests", ["Facts", "CheckFiles", "StrictYAML", grdb]),
        tests("JudgeTests", ["Judge", "Facts", "CheckFiles", "StrictYAML"]),
        tests("CollectTests", ["Collect", "Facts", "Mesh", "Policy", "Kubernetes", "GoogleCloud", "HTTP", "TLS", "Peers"]),
        tests("ReportTests", ["Report", "Judge", "Facts", "CheckFiles"], exclude: ["Golden", "junit.xsd", "validate-json.py"]),
        tests("SetupTests", ["Setup", "Judge", "Facts", "Mesh", "Kubernetes", "Secrecy", "HTTP", "CheckFiles", "Peers", yams]),
        tests("MeshTests", ["Mesh", "StrictYAML"]),
        tests("PolicyTests", ["Policy"]),
    ]
)
