// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: warnings are errors, imports are internal, existentials are marked.
let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// Targets that never touch a raw pointer without saying `unsafe` (the rim targets below use `house` alone).
let aboveTheRim: [SwiftSetting] = house + [.strictMemorySafety()]

let cWarnings: [CSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "sheaf",
    products: [
        .executable(name: "sheaf", targets: ["SheafCLI"]),
        .library(name: "Sheaf", targets: ["Sheaf"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // 1. System libraries.
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

        // 2. The wire, generated from proto/.
        .target(
            name: "CClusterProtocol", linkerSettings: [.linkedLibrary("protobuf-c")]),

        // 3. Faiss behind extern "C" handles.
        .target(
            name: "CFaiss",
            cxxSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [
                .linkedLibrary("faiss"), .linkedLibrary("openblas"), .linkedLibrary("gomp"),
                .linkedLibrary("stdc++"), .linkedLibrary("m"),
            ]),

        // 4. SIMD kernels.
        .target(name: "CKernels", cSettings: cWarnings, linkerSettings: [.linkedLibrary("m")]),

        // A lock that the thread sanitizer sees into.
        .target(name: "Locks", swiftSettings: house),

        // 5. Passages, questions and the field's file formats.
        .target(
            name: "Corpus",
            dependencies: ["CZlib", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: aboveTheRim),

        // 6. Text to token ids.
        .target(name: "Tokenizers", dependencies: ["Locks"], swiftSettings: aboveTheRim),

        // 7. Float arrays and the operations on them.
        .target(
            name: "Tensors", dependencies: ["COpenBLAS", "CKernels"], swiftSettings: house),

        // 8. Checkpoints and encoders.
        .target(
            name: "Models",
            dependencies: [
                "Locks", "Tokenizers", "Tensors",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // 9. Answer matching and ranking measures.
        .target(
            name: "Evaluation", dependencies: ["Corpus", "Tokenizers"], swiftSettings: aboveTheRim),

        // 10. One shard: segments, index, exact re-scoring.
        .target(
            name: "VectorIndex",
            dependencies: [
                "CFaiss", "CKernels", "Locks", "Corpus",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // 11. Data, losses, optimizers, trainer, hard negatives, distillation.
        .target(
            name: "Training",
            dependencies: [
                "Locks", "Corpus", "Tokenizers", "Tensors", "Models", "Evaluation",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: house),

        // 13. Pure state machines of the cluster.
        .target(name: "ClusterCore", dependencies: ["Corpus"], swiftSettings: aboveTheRim),

        // 14. Sockets, clocks, disks and compute for ClusterCore.
        .target(
            name: "ClusterRuntime",
            dependencies: [
                "CZeroMQ", "CClusterProtocol", "CKernels", "Locks", "Corpus", "Tokenizers",
                "Models",
                "VectorIndex", "Training", "ClusterCore",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // 16. The library that users import.
        .target(
            name: "Sheaf",
            dependencies: [
                "Locks", "Corpus", "Tokenizers", "Tensors", "Models", "Evaluation", "VectorIndex",
                "Training", "ClusterCore", "ClusterRuntime",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: aboveTheRim),

        // 17. The command line.
        .executableTarget(
            name: "SheafCLI",
            dependencies: [
                // The rooms that Sheaf shows are named too: what they change is then built anew.
                "Sheaf", "Locks", "Corpus", "Models", "Evaluation", "VectorIndex", "Training",
                "ClusterCore", "ClusterRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: aboveTheRim),

        // What tests share: seeded dice, folders of their own, fixtures and golden numbers.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: house),

        // Messages made from proto/ alone, for tests and for SheafFuzz.
        .target(
            name: "WireFuzz", dependencies: ["CClusterProtocol", "CZeroMQ", "TestSupport"],
            path: "Tests/WireFuzz", swiftSettings: house),

        // Measurements; `scripts/benchmark` runs them beside the peers.
        .executableTarget(
            name: "SheafBenchmarks",
            dependencies: [
                "Sheaf", "Corpus", "Tokenizers", "Tensors", "Models", "Evaluation", "VectorIndex",
                "Training", "ClusterCore", "ClusterRuntime", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks", swiftSettings: aboveTheRim),

        // Damaged files for the readers; `scripts/verify fuzz` builds it with a sanitizer.
        .executableTarget(
            name: "SheafFuzz",
            dependencies: [
                "Corpus", "Tokenizers", "Models", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Fuzz", swiftSettings: house),

        // Tests, one target per source target.
        .testTarget(
            name: "CorpusTests", dependencies: ["Corpus", "TestSupport"], swiftSettings: house),
        .testTarget(
            name: "TokenizersTests", dependencies: ["Tokenizers", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "TensorsTests",
            dependencies: ["Tensors", "CKernels", "COpenBLAS", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "ModelsTests", dependencies: ["Models", "Tensors", "Tokenizers", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "EvaluationTests",
            dependencies: ["Evaluation", "Corpus", "Tokenizers", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "VectorIndexTests", dependencies: ["VectorIndex", "Corpus", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["Training", "Models", "Tensors", "Tokenizers", "Corpus", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "ClusterCoreTests", dependencies: ["ClusterCore", "Corpus", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "ClusterSimulator", dependencies: ["ClusterCore", "Corpus", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "ClusterRuntimeTests",
            dependencies: [
                "ClusterRuntime", "ClusterCore", "Locks", "Corpus", "VectorIndex", "Models",
                "Training", "CZeroMQ", "TestSupport", "WireFuzz",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "SheafTests", dependencies: ["Sheaf", "TestSupport"], swiftSettings: house),
        .testTarget(name: "TidyTests", swiftSettings: house),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
