// swift-tools-version: 6.2
import PackageDescription

/// The settings that node types of Syrinx are compiled with.
let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "TemplateNode",
    products: [.library(name: "TemplateNode", targets: ["TemplateNode"])],
    dependencies: [
        // In a package of your own: .package(url: …, from: …).
        .package(name: "syrinx", path: "../..")
    ],
    targets: [
        .target(
            name: "TemplateNode", dependencies: [.product(name: "SyrinxCore", package: "syrinx")], swiftSettings: swift),
        .testTarget(
            name: "TemplateNodeTests",
            dependencies: [
                "TemplateNode", .product(name: "SyrinxCore", package: "syrinx"),
                .product(name: "SyrinxGraph", package: "syrinx"), .product(name: "BasicPlugin", package: "syrinx"),
            ], swiftSettings: swift),
    ]
)
