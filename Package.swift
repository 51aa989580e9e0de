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
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // System libraries.
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

        // The wire, generated from proto/.
        .target(
            name: "CClusterProtocol", linkerSettings: [.linkedLibrary("protobuf-c")]),

        // SIMD kernels.
        .target(name: "CKernels", cSettings: cWarnings, linkerSettings: [.linkedLibrary("m")]),

        // Faiss behind extern "C" handles.
        .target(
            name: "CFaiss",
            dependencies: ["CKernels"],
            cxxSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [
                .linkedLibrary("faiss"), .linkedLibrary("openblas"), .linkedLibrary("gomp"),
                .linkedLibrary("stdc++"), .linkedLibrary("m"),
            ]),

        // What every room needs once: locks, threads, files, digests, numbers.
        .target(
            name: "Base",
            dependencies: ["CKernels", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: house),

        // JSON, safetensors, zip, gzip, NumPy, Arrow.
        .target(name: "Formats", dependencies: ["CZlib", "Base"], swiftSettings: house),

        // Passages, questions and the field's file formats.
        .target(
            name: "Corpus",
            dependencies: ["Base", "Formats", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: aboveTheRim),

        // Text to token ids.
        .target(
            name: "Tokenizers",
            dependencies: [
                "Base", "Formats", .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: aboveTheRim),

        // Float arrays and the operations on them.
        .target(
            name: "Tensors", dependencies: ["COpenBLAS", "CKernels", "Base"], swiftSettings: house),

        // Checkpoints and encoders.
        .target(
            name: "Models",
            dependencies: [
                "Base", "Formats", "Tokenizers", "Tensors",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // Encoder–decoders that write text, and the search for what they write.
        .target(
            name: "Generation",
            dependencies: [
                "Base", "Formats", "Tokenizers", "Tensors", "Models",
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: house),

        // Answer matching and ranking measures.
        .target(
            name: "Evaluation", dependencies: ["Corpus", "Tokenizers"], swiftSettings: aboveTheRim),

        // One shard: segments, index, exact re-scoring.
        .target(
            name: "VectorIndex",
            dependencies: [
                "CFaiss", "CKernels", "Base", "Formats", "Corpus",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // Data, losses, optimizers, trainer, hard negatives, distillation.
        .target(
            name: "Training",
            dependencies: [
                "Base", "Formats", "Corpus", "Tokenizers", "Tensors", "Models", "Evaluation",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: house),

        // Pure state machines of the cluster.
        .target(name: "ClusterCore", dependencies: ["Base", "Corpus"], swiftSettings: aboveTheRim),

        // Sockets, clocks, disks and compute for ClusterCore.
        .target(
            name: "ClusterRuntime",
            dependencies: [
                "CZeroMQ", "CClusterProtocol", "CKernels", "Base", "Formats", "Corpus",
                "Tokenizers",
                "Models",
                "VectorIndex", "Training", "ClusterCore",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: house),

        // The library that users import.
        .target(
            name: "Sheaf",
            dependencies: [
                "Base", "Formats", "Corpus", "Tokenizers", "Tensors", "Models", "Generation",
                "Evaluation", "VectorIndex",
                "Training", "ClusterCore", "ClusterRuntime",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: aboveTheRim),

        // The command line.
        .executableTarget(
            name: "SheafCLI",
            dependencies: [
                // The rooms that Sheaf shows are named too: what they change is then built anew.
                "Sheaf", "Base", "Formats", "Corpus", "Models", "Generation", "Evaluation",
                "VectorIndex", "Training",
                "ClusterCore", "ClusterRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: aboveTheRim),

        // What tests share: seeded dice, folders of their own, fixtures and golden numbers.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: house),

        // The distance primitives of CFaiss one by one, for tests.
        .target(
            name: "CFaissView", dependencies: ["CFaiss"], path: "Tests/CFaissView",
            cxxSettings: [.treatAllWarnings(as: .error)]),

        // Messages made from proto/ alone, for tests and for SheafFuzz.
        .target(
            name: "WireFuzz",
            dependencies: ["CClusterProtocol", "CKernels", "CZeroMQ", "TestSupport"],
            path: "Tests/WireFuzz", swiftSettings: house),

        // Measurements; `scripts/benchmark` runs them beside the peers.
        .executableTarget(
            name: "SheafBenchmarks",
            dependencies: [
                "Sheaf", "Corpus", "Tokenizers", "Tensors", "Models", "Generation",
                "Evaluation", "VectorIndex", "Training", "ClusterCore", "ClusterRuntime",
                "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks", swiftSettings: aboveTheRim),

        // Damaged files for the readers; `scripts/verify fuzz` builds it with a sanitizer.
        .executableTarget(
            name: "SheafFuzz",
            dependencies: [
                "Base", "Formats", "Corpus", "Tokenizers", "Tensors", "Models", "Generation",
                "VectorIndex", "Training", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Fuzz", swiftSettings: house),

        // Tests, one target per source target.
        .testTarget(
            name: "BaseTests", dependencies: ["Base", "TestSupport"], swiftSettings: house),
        .testTarget(
            name: "FormatsTests", dependencies: ["Formats", "Base", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "CorpusTests", dependencies: ["Corpus", "Formats", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "TokenizersTests", dependencies: ["Tokenizers", "Formats", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "TensorsTests",
            dependencies: ["Tensors", "CKernels", "COpenBLAS", "Base", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "ModelsTests",
            dependencies: ["Models", "Base", "Formats", "Tensors", "Tokenizers", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "GenerationTests",
            dependencies: [
                "Base", "Generation", "Models", "Tokenizers", "Tensors", "TestSupport",
            ],
            swiftSettings: house),
        .testTarget(
            name: "EvaluationTests",
            dependencies: ["Evaluation", "Corpus", "Formats", "Tokenizers", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "VectorIndexTests",
            dependencies: [
                "VectorIndex", "CFaissView", "CKernels", "Base", "Corpus", "TestSupport",
            ],
            swiftSettings: house),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Training", "Base", "Models", "Tensors", "Tokenizers", "Corpus", "TestSupport",
            ],
            swiftSettings: house),
        .testTarget(
            name: "ClusterCoreTests", dependencies: ["ClusterCore", "Corpus", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "ClusterSimulator",
            dependencies: ["ClusterCore", "Base", "Corpus", "TestSupport"],
            swiftSettings: house),
        .testTarget(
            name: "ClusterRuntimeTests",
            dependencies: [
                "ClusterRuntime", "ClusterCore", "Base", "Corpus", "VectorIndex", "Models",
                "Training", "CKernels", "CZeroMQ", "TestSupport", "WireFuzz",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
        .testTarget(
            name: "SheafTests",
            dependencies: ["Sheaf", "Base", "Formats", "ClusterRuntime", "TestSupport"],
            swiftSettings: house
        ),
        .testTarget(name: "TidyTests", swiftSettings: house),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
