// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "syrinx", path: "..")],
    targets: [
        .executableTarget(
            name: "chain",
            dependencies: [
                .product(name: "SyrinxCore", package: "syrinx"), .product(name: "SyrinxDSP", package: "syrinx"),
                .product(name: "SyrinxGraph", package: "syrinx"), .product(name: "BasicPlugin", package: "syrinx"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
            ]),
        .executableTarget(
            name: "nodes",
            dependencies: [
                .product(name: "SyrinxCore", package: "syrinx"), .product(name: "SyrinxGraph", package: "syrinx"),
                .product(name: "BasicPlugin", package: "syrinx"), .product(name: "DynamicsPlugin", package: "syrinx"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
            ]),
    ]
)
