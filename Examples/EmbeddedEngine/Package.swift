// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "EmbeddedEngine",
    dependencies: [
        // In a package of your own: .package(url: …, from: …).
        .package(name: "syrinx", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "embedded",
            dependencies: [
                .product(name: "SyrinxCore", package: "syrinx"), .product(name: "SyrinxHost", package: "syrinx"),
                .product(name: "BasicPlugin", package: "syrinx"), .product(name: "NativePlugin", package: "syrinx"),
            ],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ])
    ]
)
