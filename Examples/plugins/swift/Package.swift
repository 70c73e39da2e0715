// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "swift_drive",
    products: [.library(name: "swift_drive", type: .dynamic, targets: ["swift_drive"])],
    targets: [
        // syrinx_plugin.h as a module, and its face in Swift.
        .target(name: "CSyrinxPlugin"),
        .target(name: "SyrinxPluginKit", dependencies: ["CSyrinxPlugin"]),
        .target(name: "swift_drive", dependencies: ["SyrinxPluginKit"]),
    ])
