// swift-tools-version: 6.1
import PackageDescription

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "apus",
    targets: [
        .target(name: "ApusGraph", swiftSettings: swift),
    ]
)
