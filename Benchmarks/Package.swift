// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "syrinx", path: "..")],
    targets: [
        .target(name: "Timing", swiftSettings: swift),
        .executableTarget(
            name: "chain",
            dependencies: [
                "Timing",
                .product(name: "SyrinxCore", package: "syrinx"), .product(name: "SyrinxDSP", package: "syrinx"),
                .product(name: "SyrinxGraph", package: "syrinx"), .product(name: "BasicPlugin", package: "syrinx"),
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "nodes",
            dependencies: [
                "Timing",
                .product(name: "SyrinxCore", package: "syrinx"), .product(name: "SyrinxGraph", package: "syrinx"),
                .product(name: "BasicPlugin", package: "syrinx"), .product(name: "DynamicsPlugin", package: "syrinx"),
            ],
            swiftSettings: swift),
        // What kernels are measured against; for this machine only.
        .target(name: "CPlain", cSettings: [.unsafeFlags(["-O3", "-march=native"])]),
        .executableTarget(
            name: "kernels", dependencies: ["CPlain", "Timing", .product(name: "SyrinxDSP", package: "syrinx")],
            swiftSettings: swift),
    ]
)
