// swift-tools-version: 6.1
import PackageDescription

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The programs that the README and the design show; each is a folder of Examples.
let examples = [
    "1-activations", "2-gradients", "3-model", "4-training", "5-custom-layer", "6-custom-training-loop", "7-search",
    "9-functional", "10-own-parts", "11-two-towers", "12-gan", "13-vae", "14-cartpole",
    "15-own-command", "17-attention", "18-pseudo-labels",
]

/// What examples need besides Apus.
let exampleProducts: [String: [Target.Dependency]] = [
    "7-search": ["ApusExperiments", "ApusReport", "ApusSearch"], "15-own-command": ["ApusCommand"],
]

/// The examples that only predict: they link nothing that trains.
let inferenceExamples = ["8-inference", "16-trained-model"]

/// Kernels of one folder use templates of others.
let kernelFolders = [
    "Attention", "Base", "Convolutions", "Elementwise", "Gemm", "Images", "Lanes", "LinearAlgebra", "Movement",
    "Normalization", "OneDNN", "Pooling",
    "Random", "Reductions", "Scan", "Softmax", "Winograd",
]

let package = Package(
    name: "apus",
    products: [
        .library(name: "Apus", targets: ["Apus"]),
        .library(name: "ApusExperiments", targets: ["ApusExperiments"]),
        .library(name: "ApusSearch", targets: ["ApusSearch"]),
        .library(name: "ApusDoctor", targets: ["ApusDoctor"]),
        .library(name: "ApusReport", targets: ["ApusReport"]),
        .library(name: "ApusCharts", targets: ["ApusCharts"]),
        .library(name: "ApusChecks", targets: ["ApusChecks"]),
        .library(name: "ApusConfiguration", targets: ["ApusConfiguration"]),
        .library(name: "ApusInference", targets: ["ApusInference"]),
        .library(name: "ApusInterchange", targets: ["ApusInterchange"]),
        .library(name: "ApusLab", targets: ["ApusLab"]),
        .library(name: "ApusText", targets: ["ApusText"]),
        .library(name: "ApusCommand", targets: ["ApusCommand"]),
        .executable(name: "apus", targets: ["ApusCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0"),
    ],
    targets: [
        // System libraries and C, from the ground up (the house is drawn in ARCHITECTURE.md).
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "CLAPACKE", providers: [.apt(["liblapacke-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CPNG", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CJPEG", providers: [.apt(["libjpeg-dev"])]),
        .systemLibrary(name: "CPCRE2", providers: [.apt(["libpcre2-dev"])]),
        .target(
            name: "CImages", dependencies: ["CPNG", "CJPEG"],
            linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
        .target(
            name: "CKernels", dependencies: ["CLAPACKE", "COneDNN"],
            cSettings: kernelFolders.map { .headerSearchPath($0) },
            linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),

        // The engine.
        .target(name: "ApusGraph", swiftSettings: swift),
        .target(name: "ApusBackend", dependencies: ["ApusGraph"], swiftSettings: swift),
        .target(name: "ApusReference", dependencies: ["ApusGraph", "ApusBackend"], swiftSettings: swift),
        .target(name: "ApusCPU", dependencies: ["ApusGraph", "ApusBackend", "CKernels"], swiftSettings: swift),
        .target(
            name: "ApusTensor", dependencies: ["ApusGraph", "ApusBackend", "ApusCPU", "ApusReference"],
            swiftSettings: swift),

        // Networks, data, training.
        .target(name: "ApusConfiguration", swiftSettings: swift),
        .target(
            name: "ApusConfigurationFiles", dependencies: ["ApusConfiguration", "Yams"], swiftSettings: swift),
        .target(name: "ApusCharts", dependencies: ["CImages"], swiftSettings: swift),
        .target(
            name: "ApusNN",
            dependencies: ["ApusGraph", "ApusBackend", "ApusTensor", "ApusConfiguration"], swiftSettings: swift),
        .target(
            name: "ApusChecks", dependencies: ["ApusGraph", "ApusBackend", "ApusTensor", "ApusNN"], swiftSettings: swift
        ),
        .target(
            name: "ApusFormats", dependencies: ["ApusGraph", "ApusConfiguration", "CZlib", "CXXHash", "CImages"],
            swiftSettings: swift),
        .target(
            name: "ApusText",
            dependencies: ["ApusConfiguration", "ApusFormats", "ApusGraph", "ApusTensor", "CPCRE2", "CXXHash"],
            swiftSettings: swift),
        .target(
            name: "ApusOptimizers", dependencies: ["ApusConfiguration", "ApusTensor", "ApusNN"], swiftSettings: swift),
        .target(
            name: "ApusData",
            dependencies: [
                "CKernels", "ApusGraph", "ApusBackend", "ApusTensor", "ApusFormats", "ApusText", "ApusConfiguration",
            ],
            swiftSettings: swift),
        .target(
            name: "ApusInference",
            dependencies: [
                "ApusConfiguration", "ApusGraph", "ApusBackend", "ApusTensor", "ApusNN", "ApusFormats", "ApusText",
                "ApusData",
            ],
            swiftSettings: swift),
        .target(
            name: "ApusSearch",
            dependencies: [
                "ApusBackend", "ApusConfiguration", "ApusGraph", "ApusTensor",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: swift),
        .target(
            name: "ApusTraining",
            dependencies: [
                "ApusConfiguration", "ApusGraph", "ApusBackend", "ApusTensor", "ApusNN", "ApusOptimizers", "ApusData",
                "ApusFormats", "ApusInference",
            ],
            swiftSettings: swift),
        .target(
            name: "ApusModels", dependencies: ["ApusConfiguration", "ApusGraph", "ApusNN"], swiftSettings: swift),
        .target(
            name: "ApusInterchange",
            dependencies: [
                "ApusConfiguration", "ApusGraph", "ApusBackend", "ApusTensor", "ApusNN", "ApusFormats", "ApusData",
                "ApusInference", "ApusModels", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], exclude: ["ONNX/Messages/onnx.proto"], swiftSettings: swift),
        .target(
            name: "ApusExperiments",
            dependencies: [
                "ApusConfiguration", "ApusConfigurationFiles", "ApusGraph", "ApusBackend", "ApusTensor", "ApusNN",
                "ApusOptimizers", "ApusFormats", "ApusData", "ApusInference", "ApusTraining", "ApusModels",
                "ApusSearch",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: swift),
        .target(
            name: "ApusDoctor",
            dependencies: [
                "ApusCharts", "ApusConfiguration", "ApusGraph", "ApusTensor", "ApusNN", "ApusOptimizers", "ApusData",
                "ApusTraining", "ApusExperiments", "ApusSearch",
            ], swiftSettings: swift),
        .target(
            name: "ApusReport",
            dependencies: [
                "ApusCharts", "ApusConfiguration", "ApusGraph", "ApusBackend", "ApusTensor", "ApusNN", "ApusOptimizers",
                "ApusFormats",
                "ApusData", "ApusInference", "ApusTraining", "ApusExperiments", "ApusDoctor",
            ], swiftSettings: swift),
        .target(
            name: "Apus",
            dependencies: [
                "ApusGraph", "ApusBackend", "ApusFormats", "ApusTensor", "ApusNN", "ApusOptimizers", "ApusData",
                "ApusInference", "ApusTraining", "ApusModels",
            ], swiftSettings: swift),

        .target(
            name: "ApusLab",
            dependencies: [
                "Apus", "ApusCharts", "ApusChecks", "ApusConfiguration", "ApusData", "ApusExperiments", "ApusFormats",
                "ApusGraph", "ApusNN", "ApusOptimizers", "ApusReport", "ApusSearch", "ApusTensor", "ApusText",
                "ApusTraining",
            ], exclude: ["Data/README.md"],
            resources: [
                .embedInCode("Pages/lab.css"), .embedInCode("Pages/lab.js"),
                .embedInCode("Data/seattle-temperatures.csv"), .embedInCode("Data/iris.csv"),
                .embedInCode("Data/penguins.csv"), .embedInCode("Data/breast-cancer.csv"),
                .embedInCode("Data/diabetes.csv"),
            ], swiftSettings: swift),

        // What people start.
        .target(
            name: "ApusCommand",
            dependencies: [
                "Apus", "ApusGraph", "ApusBackend", "ApusChecks", "ApusConfiguration", "ApusConfigurationFiles",
                "ApusDoctor", "ApusFormats", "ApusInterchange", "ApusLab", "ApusSearch", "ApusExperiments",
                "ApusReport", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swift),
        .executableTarget(name: "ApusCLI", dependencies: ["ApusCommand"], swiftSettings: swift),
        .target(
            name: "ApusWorkloads", dependencies: ["Apus"], path: "Benchmarks/ApusWorkloads", swiftSettings: swift),
        .executableTarget(
            name: "apus-bench", dependencies: ["Apus", "ApusCPU", "ApusWorkloads"], path: "Benchmarks/ApusBench",
            swiftSettings: swift),
        .executableTarget(
            name: "apus-text-bench", dependencies: ["ApusText"], path: "Benchmarks/ApusTextBench", swiftSettings: swift),
        .executableTarget(
            name: "apus-image-bench", dependencies: ["ApusData", "ApusFormats"], path: "Benchmarks/ApusImageBench",
            swiftSettings: swift),

        // Tests.
        .target(name: "ApusTestKit", path: "Tests/ApusTestKit", swiftSettings: swift),
        .target(
            name: "ApusTrainingKit", dependencies: ["ApusData", "ApusNN", "ApusTensor", "ApusTraining"],
            path: "Tests/ApusTrainingKit", swiftSettings: swift),
        .target(
            name: "ApusTestSupport", dependencies: ["ApusGraph", "ApusBackend", "ApusReference", "ApusTestKit"],
            path: "Tests/ApusTestSupport",
            swiftSettings: swift),
        .target(
            name: "CKernelsTestSupport", dependencies: ["CKernels"], path: "Tests/CKernelsTestSupport",
            swiftSettings: swift),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels", "CKernelsTestSupport"], swiftSettings: swift),
        .testTarget(
            name: "ApusGraphTests", dependencies: ["ApusGraph", "ApusBackend", "ApusReference", "ApusTestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "ApusReferenceTests", dependencies: ["ApusGraph", "ApusBackend", "ApusReference", "ApusTestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "ApusCPUTests",
            dependencies: [
                "ApusBackend", "ApusCPU", "ApusGraph", "ApusReference", "ApusTestSupport", "CAllocations", "CKernels",
                "CKernelsTestSupport",
            ], swiftSettings: swift
        ),
        .testTarget(
            name: "ApusTensorTests", dependencies: ["ApusTensor", "ApusGraph", "ApusBackend", "ApusFixtures"],
            swiftSettings: swift),
        .target(
            name: "ApusFuzzing", dependencies: ["ApusFormats", "ApusTestKit"], path: "Tests/ApusFuzzing",
            swiftSettings: swift),
        .testTarget(
            name: "ApusFormatsTests", dependencies: ["ApusFormats", "ApusFuzzing", "ApusGraph"], exclude: ["Fixtures"],
            swiftSettings: swift),
        .testTarget(
            name: "ApusTextTests", dependencies: ["ApusText", "ApusFormats", "ApusFuzzing", "ApusTensor"],
            swiftSettings: swift),
        .testTarget(
            name: "ApusDataTests",
            dependencies: [
                "ApusData", "ApusBackend", "ApusFixtures", "ApusTensor", "ApusText", "ApusFormats", "ApusGraph",
            ],
            swiftSettings: swift),
        .testTarget(name: "ApusConfigurationTests", dependencies: ["ApusConfiguration"], swiftSettings: swift),
        .testTarget(
            name: "ApusConfigurationFilesTests", dependencies: ["ApusConfiguration", "ApusConfigurationFiles"],
            swiftSettings: swift),
        .testTarget(name: "ApusChartsTests", dependencies: ["ApusCharts", "CImages"], swiftSettings: swift),
        .testTarget(
            name: "ApusSearchTests",
            dependencies: ["ApusSearch", "Yams", .product(name: "GRDB", package: "GRDB.swift")], exclude: ["Fixtures"],
            swiftSettings: swift),
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .target(
            name: "ApusFixtures", dependencies: ["ApusTensor", "ApusFormats", "ApusBackend"],
            path: "Tests/ApusFixtures",
            swiftSettings: swift),
        .testTarget(
            name: "ApusNNTests",
            dependencies: ["Apus", "ApusChecks", "ApusCPU", "ApusReference", "ApusFixtures"],
            swiftSettings: swift),
        .testTarget(
            name: "ApusModelsTests", dependencies: ["ApusModels", "ApusNN", "ApusGraph", "ApusExperiments"],
            swiftSettings: swift),
        .testTarget(
            name: "ApusInterchangeTests",
            dependencies: [
                "Apus", "ApusBackend", "ApusFormats", "ApusFuzzing", "ApusGraph", "ApusInference", "ApusInterchange",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], exclude: ["Fixtures", "Golden"], swiftSettings: swift),
        .testTarget(name: "ApusChecksTests", dependencies: ["Apus", "ApusChecks"], swiftSettings: swift),
        .testTarget(
            name: "ApusOptimizersTests", dependencies: ["Apus", "ApusExperiments", "ApusFixtures", "ApusTrainingKit"],
            swiftSettings: swift),
        .testTarget(
            name: "ApusInferenceTests",
            dependencies: [
                "ApusInference", "ApusBackend", "ApusFormats", "ApusFuzzing", "ApusGraph", "ApusModels",
                "ApusWorkloads",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "ApusTrainingTests",
            dependencies: [
                "Apus", "ApusChecks", "ApusCPU", "ApusExperiments", "CKernels", "ApusFixtures", "ApusFuzzing",
                "ApusTrainingKit", "ApusWorkloads", "CAllocations",
            ], exclude: ["Golden"], swiftSettings: swift),
        .testTarget(name: "ApusWorkloadsTests", dependencies: ["Apus", "ApusWorkloads"], swiftSettings: swift),
        .testTarget(
            name: "ApusReportTests", dependencies: ["Apus", "ApusExperiments", "ApusReport"], swiftSettings: swift),
        .testTarget(
            name: "ApusDoctorTests", dependencies: ["Apus", "ApusDoctor", "ApusExperiments"], swiftSettings: swift),
        .testTarget(
            name: "ApusExperimentsTests",
            dependencies: ["Apus", "ApusExperiments", "ApusReport", .product(name: "GRDB", package: "GRDB.swift")],
            exclude: ["Golden"], swiftSettings: swift),
        .testTarget(
            name: "ApusLabTests",
            dependencies: ["Apus", "ApusCharts", "ApusConfiguration", "ApusExperiments", "ApusFormats", "ApusLab"],
            swiftSettings: swift),
        .testTarget(name: "ApusTests", dependencies: ["Apus"], swiftSettings: swift),
        .testTarget(
            name: "ApusCommandTests",
            dependencies: ["ApusCommand", "ApusCLI", "ApusFormats", "ApusInference", "ApusLab"],
            swiftSettings: swift),
        .testTarget(
            name: "ExamplesTests",
            dependencies: ["Apus", "ApusExperiments"] + (examples + inferenceExamples).map { .target(name: $0) },
            swiftSettings: swift),
    ]
        + inferenceExamples.map {
            .executableTarget(
                name: $0, dependencies: ["ApusInference"], path: "Examples/\($0)", swiftSettings: swift)
        }
        + examples.map {
            .executableTarget(
                name: $0,
                dependencies: ["Apus"] + (exampleProducts[$0] ?? []),
                path: "Examples/\($0)", swiftSettings: swift)
        }
)

/// Every suite may use the kit: random numbers, folders, messages.
for target in package.targets where target.type == .test { target.dependencies.append("ApusTestKit") }

/// Tests start once and compute little themselves: without optimization they take as long, and are built sooner. The two that repeat
/// kernels in Swift keep it.
for target in package.targets where target.type == .test && !["CKernelsTests", "ApusCPUTests"].contains(target.name) {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-Onone"])]
}

/// `make sanitize` names the test targets that it runs, and only they are built; in debug, but what computes much in Swift is optimized: an
/// oracle in `-Onone` takes minutes.
if let names = Context.environment["APUS_SANITIZE"] {
    let tests = names.split(separator: " ").map(String.init)
    let optimized = [
        "ApusReference", "ApusFormats", "ApusText", "ApusTestKit", "ApusTestSupport", "ApusFuzzing", "CKernelsTests",
        "ApusCPUTests",
    ]
    var needed = Set(tests), open = tests
    while let name = open.popLast() {
        for dependency in package.targets.first(where: { $0.name == name })?.dependencies ?? [] {
            guard case .byNameItem(let other, _) = dependency, needed.insert(other).inserted else { continue }
            open.append(other)
        }
    }
    package.products = []
    package.targets.removeAll { !needed.contains($0.name) }
    for target in package.targets where optimized.contains(target.name) {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-O"])]
    }
}
