// swift-tools-version: 6.1
import PackageDescription

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "apus",
    targets: [
        .systemLibrary(name: "COpenMP", path: "Sources/COpenMP"),
        .target(name: "CKernels", dependencies: ["COpenMP"]),
        .target(name: "ApusGraph", swiftSettings: swift),
        .target(name: "ApusCPU", dependencies: ["ApusGraph", "CKernels"], swiftSettings: swift),
        .target(name: "ApusTensor", dependencies: ["ApusGraph", "ApusCPU"], swiftSettings: swift),
        .target(name: "ApusNN", dependencies: ["ApusGraph", "ApusTensor"], swiftSettings: swift),
    ]
)
