// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target of Syrinx is compiled alike: language mode 6 and the import rules that keep the arrows honest.
let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "syrinx",
    products: [
        .library(name: "SyrinxCore", targets: ["SyrinxCore"]),
        .library(name: "SyrinxDSP", targets: ["SyrinxDSP"]),
        .library(name: "SyrinxGraph", targets: ["SyrinxGraph"]),
        .library(name: "SyrinxHost", targets: ["SyrinxHost"]),
        .library(name: "ALSAPlugin", targets: ["ALSAPlugin"]),
        .library(name: "BasicPlugin", targets: ["BasicPlugin"]),
        .library(name: "ConvolvePlugin", targets: ["ConvolvePlugin"]),
        .library(name: "DynamicsPlugin", targets: ["DynamicsPlugin"]),
        .library(name: "EVIPlugin", targets: ["EVIPlugin"]),
        .library(name: "EchoPlugin", targets: ["EchoPlugin"]),
        .library(name: "FilePlugin", targets: ["FilePlugin"]),
        .library(name: "JACKPlugin", targets: ["JACKPlugin"]),
        .library(name: "LV2Plugin", targets: ["LV2Plugin"]),
        .library(name: "NativePlugin", targets: ["NativePlugin"]),
        .library(name: "ResamplePlugin", targets: ["ResamplePlugin"]),
        .library(name: "VoicePlugin", targets: ["VoicePlugin"]),
        .executable(name: "syrinx", targets: ["syrinx"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "CSyrinxShims"),
        .systemLibrary(name: "CSampleRate", pkgConfig: "samplerate", providers: [.apt(["libsamplerate0-dev"])]),
        .target(name: "SyrinxRealtime", dependencies: ["CSyrinxShims"], swiftSettings: swift),
        .target(name: "SyrinxDSP", dependencies: ["CResampleKernels", "CSampleKernels"], swiftSettings: swift),
        .target(name: "CResampleKernels"),
        .target(name: "CSampleKernels"),
        .target(name: "SyrinxClocks", dependencies: ["SyrinxRealtime", "SyrinxDSP"], swiftSettings: swift),
        .target(name: "SyrinxCore", dependencies: ["SyrinxRealtime"], swiftSettings: swift),
        .target(name: "SyrinxConfig", dependencies: ["SyrinxCore"], swiftSettings: swift),
        .target(name: "SyrinxGraph", dependencies: ["SyrinxCore", "SyrinxRealtime"], swiftSettings: swift),
        .target(
            name: "BasicPlugin", dependencies: ["SyrinxCore", "SyrinxDSP"], path: "Plugins/Basic",
            exclude: ["README.md"], swiftSettings: swift),
        .target(
            name: "DynamicsPlugin", dependencies: ["SyrinxCore", "SyrinxDSP"], path: "Plugins/Dynamics",
            exclude: ["README.md"], swiftSettings: swift),
        // A C face on lilv, which it opens by dlopen when it is asked for; liblilv-dev and lv2-dev have the headers.
        .target(name: "CLilv"),
        .target(
            name: "LV2Plugin", dependencies: ["SyrinxCore", "SyrinxRealtime", "CLilv"], path: "Plugins/LV2",
            exclude: ["README.md"], swiftSettings: swift),
        .target(
            name: "ResamplePlugin", dependencies: ["SyrinxCore", "SyrinxDSP", "CSampleRate"], path: "Plugins/Resample",
            exclude: ["README.md"], swiftSettings: swift),
        .systemLibrary(name: "CALSA", pkgConfig: "alsa", providers: [.apt(["libasound2-dev"])]),
        .target(
            name: "ALSAPlugin",
            dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks", "CALSA"],
            path: "Plugins/ALSA", exclude: ["README.md"], swiftSettings: swift),
        .systemLibrary(name: "CSndfile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
        .target(
            name: "SyrinxSoundFile", dependencies: ["SyrinxCore", "CSndfile"], swiftSettings: swift),
        .target(name: "CConvolutionKernels"),
        .target(
            name: "ConvolvePlugin", dependencies: ["SyrinxCore", "SyrinxSoundFile", "CConvolutionKernels"],
            path: "Plugins/Convolve", exclude: ["README.md"], swiftSettings: swift),
        .target(
            name: "FilePlugin", dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxSoundFile"],
            path: "Plugins/File", exclude: ["README.md"], swiftSettings: swift),
        .systemLibrary(name: "CJack", pkgConfig: "jack", providers: [.apt(["libjack-jackd2-dev"])]),
        .target(
            name: "JACKPlugin",
            dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks", "CJack"],
            path: "Plugins/JACK", exclude: ["README.md"], swiftSettings: swift),
        .target(
            name: "SyrinxEVI", dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxNet", "CToolProcess"],
            swiftSettings: swift),
        .target(name: "CToolProcess"),
        .target(
            name: "EVIPlugin",
            dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks", "SyrinxEVI"],
            path: "Plugins/EVI", exclude: ["README.md"], swiftSettings: swift),
        .target(name: "CVoiceKernels"),
        .target(
            name: "VoicePlugin",
            dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks", "CVoiceKernels"],
            path: "Plugins/Voice", exclude: ["README.md", "Neural/README.md"], swiftSettings: swift),
        // pkg-config's flags for libwebrtc-audio-processing-dev, which the package manager refuses to take from there.
        .target(
            name: "CWebRTCAudio",
            cxxSettings: [
                .headerSearchPath("system"), .define("WEBRTC_POSIX"), .define("WEBRTC_AUDIO_PROCESSING_ONLY_BUILD"),
            ], linkerSettings: [.linkedLibrary("webrtc_audio_processing")]),
        .target(
            name: "EchoPlugin",
            dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks", "CWebRTCAudio"],
            path: "Plugins/Echo", exclude: ["README.md"], swiftSettings: swift),
        // The boundary to plugins that are loaded at run time: their header, and its host.
        .target(name: "SyrinxPlugin"),
        .target(name: "CPluginHost", cSettings: [.headerSearchPath("../SyrinxPlugin/include")]),
        .target(
            name: "NativePlugin", dependencies: ["SyrinxCore", "SyrinxRealtime", "SyrinxPlugin", "CPluginHost"],
            path: "Plugins/Native", exclude: ["README.md"], swiftSettings: swift),
        .target(
            name: "SyrinxHost", dependencies: ["SyrinxConfig", "SyrinxCore", "SyrinxGraph", "SyrinxRealtime"],
            swiftSettings: swift),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "SyrinxNet",
            dependencies: [
                "COpenSSL",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ], swiftSettings: swift),
        .target(
            name: "SyrinxEmulator",
            dependencies: ["SyrinxNet", "SyrinxEVI", "SyrinxConfig", "SyrinxCore", "SyrinxRealtime"],
            exclude: ["README.md"], swiftSettings: swift),
        .executableTarget(
            name: "syrinx",
            dependencies: [
                "SyrinxCore", "SyrinxRealtime", "SyrinxGraph", "SyrinxConfig", "SyrinxHost", "ALSAPlugin",
                "BasicPlugin",
                "EVIPlugin", "FilePlugin", "JACKPlugin", "ResamplePlugin", "SyrinxEmulator", "SyrinxEVI",
                "ConvolvePlugin", "DynamicsPlugin", "EchoPlugin", "LV2Plugin", "VoicePlugin", "NativePlugin",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: swift),

        // Measures latency and load of sessions; see Benchmarks/evi/README.md.
        .executableTarget(
            name: "evi-figures",
            dependencies: [
                "SyrinxCore", "SyrinxGraph", "SyrinxConfig", "SyrinxHost", "SyrinxClocks", "SyrinxRealtime",
                "SyrinxEVI", "SyrinxNet", "EVIPlugin",
            ], path: "Benchmarks/evi/Figures", swiftSettings: swift),

        // Measures the neural engine of vad; see Benchmarks/vad/neural/README.md.
        .executableTarget(
            name: "neural-figures", dependencies: ["VoicePlugin"], path: "Benchmarks/vad/neural/Figures",
            swiftSettings: swift),

        // Scores the node vad for the peers' harness; see Benchmarks/vad/README.md.
        .executableTarget(
            name: "vad-scores", dependencies: ["SyrinxCore", "SyrinxTestKit", "VoicePlugin"],
            path: "Benchmarks/vad/Scores", swiftSettings: swift),

        // Measures convolve; see Benchmarks/convolve/README.md.
        .executableTarget(
            name: "convolve-figures", dependencies: ["ConvolvePlugin"], path: "Benchmarks/convolve/Figures",
            swiftSettings: swift),

        // Measures run-time plugins, in process and isolated; see Benchmarks/plugins/README.md.
        .executableTarget(
            name: "plugin-figures",
            dependencies: ["SyrinxCore", "SyrinxHost", "BasicPlugin", "JACKPlugin", "NativePlugin"],
            path: "Benchmarks/plugins/Figures", swiftSettings: swift),

        // Measures the native resampler; see Benchmarks/resample/README.md.
        .executableTarget(
            name: "resample-figures", dependencies: ["SyrinxDSP"], path: "Benchmarks/resample/Figures",
            swiftSettings: swift),

        // Measures echo_cancel in simulated rooms; see Benchmarks/echo/README.md.
        .executableTarget(
            name: "echo-figures", dependencies: ["EchoPlugin", "SyrinxCore", "SyrinxTestKit"],
            path: "Benchmarks/echo/Figures", swiftSettings: swift),

        // Measures barge-in with vad and evi; see Benchmarks/turns/README.md.
        .executableTarget(
            name: "turn-figures",
            dependencies: [
                "SyrinxCore", "SyrinxGraph", "SyrinxConfig", "SyrinxHost", "SyrinxEVI", "SyrinxEmulator",
                "SyrinxTestKit", "EVIPlugin", "VoicePlugin",
            ], path: "Benchmarks/turns/Figures", swiftSettings: swift),

        // For tests only.
        .target(name: "CHeapProbe"),
        .target(
            name: "SyrinxTestKit",
            dependencies: ["CHeapProbe", "SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks"],
            swiftSettings: swift),

        .target(
            name: "FuzzConfig", dependencies: ["SyrinxConfig", "SyrinxCore"], path: "Tests/Fuzz/FuzzConfig",
            swiftSettings: swift),

        .executableTarget(
            name: "RealtimeFaults", dependencies: ["SyrinxCore", "SyrinxGraph"], path: "Tests/RealtimeFaults",
            swiftSettings: swift),

        .testTarget(
            name: "SyrinxConfigTests", dependencies: ["SyrinxConfig", "SyrinxCore", "BasicPlugin", "FuzzConfig"],
            swiftSettings: swift),
        .testTarget(
            name: "SyrinxGraphTests",
            dependencies: ["SyrinxGraph", "SyrinxCore", "SyrinxTestKit", "BasicPlugin", "ResamplePlugin"],
            swiftSettings: swift),
        .testTarget(name: "SyrinxTestKitTests", dependencies: ["SyrinxTestKit", "SyrinxCore"], swiftSettings: swift),
        .testTarget(
            name: "SyrinxDSPTests", dependencies: ["SyrinxDSP", "SyrinxTestKit"], swiftSettings: swift),
        .testTarget(
            name: "SyrinxClocksTests", dependencies: ["SyrinxClocks", "SyrinxTestKit"], swiftSettings: swift),
        .testTarget(
            name: "BasicPluginTests",
            dependencies: ["BasicPlugin", "CEbur128", "SyrinxCore", "SyrinxDSP", "SyrinxTestKit"],
            swiftSettings: swift),
        // What the meter is compared with.
        .systemLibrary(
            name: "CEbur128", path: "Tests/CEbur128", pkgConfig: "libebur128", providers: [.apt(["libebur128-dev"])]),
        .testTarget(
            name: "DynamicsPluginTests", dependencies: ["DynamicsPlugin", "SyrinxCore", "SyrinxTestKit"],
            swiftSettings: swift),
        .testTarget(
            name: "LV2PluginTests",
            dependencies: [
                "LV2Plugin", "BasicPlugin", "FilePlugin", "SyrinxCore", "SyrinxGraph", "SyrinxHost", "SyrinxTestKit",
                "CommandTestKit", "syrinx",
            ],
            exclude: ["probe.lv2"],
            swiftSettings: swift),
        .testTarget(
            name: "ResamplePluginTests", dependencies: ["ResamplePlugin", "SyrinxCore", "SyrinxTestKit"],
            swiftSettings: swift),
        .testTarget(
            name: "SyrinxEVITests",
            dependencies: [
                "SyrinxEVI", "SyrinxCore", "SyrinxNet", "SyrinxRealtime", "SyrinxTestKit", "CommandTestKit",
            ], swiftSettings: swift),
        .testTarget(
            name: "EchoPluginTests",
            dependencies: ["EchoPlugin", "SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxTestKit"],
            swiftSettings: swift),
        .testTarget(
            name: "SyrinxEVIClientTests",
            dependencies: ["SyrinxEVI", "SyrinxNet", "SyrinxCore", "SyrinxRealtime", "SyrinxTestKit", "NetTestKit"],
            swiftSettings: swift),
        .testTarget(
            name: "EVIPluginTests",
            dependencies: [
                "EVIPlugin", "BasicPlugin", "FilePlugin", "VoicePlugin", "SyrinxCore", "SyrinxConfig", "SyrinxGraph",
                "SyrinxHost", "SyrinxRealtime", "SyrinxEVI", "SyrinxNet", "SyrinxTestKit",
            ], swiftSettings: swift),
        .testTarget(
            name: "SyrinxHostTests",
            dependencies: [
                "SyrinxHost", "SyrinxCore", "SyrinxGraph", "SyrinxRealtime", "BasicPlugin", "SyrinxTestKit",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "HotEditTests",
            dependencies: [
                "SyrinxHost", "SyrinxGraph", "SyrinxCore", "SyrinxTestKit", "BasicPlugin", "FilePlugin", "JACKPlugin",
                "JackTestKit", "ResamplePlugin",
            ], swiftSettings: swift),
        .target(name: "NetTestKit", dependencies: ["SyrinxNet"], path: "Tests/NetTestKit", swiftSettings: swift),
        .target(name: "CommandTestKit", path: "Tests/CommandTestKit", swiftSettings: swift),
        .target(name: "CSpawn", path: "Tests/CSpawn"),
        .executableTarget(name: "JackStudio", path: "Tests/JackStudio", linkerSettings: [.linkedLibrary("jack")]),
        .target(
            name: "JackTestKit", dependencies: ["CSpawn"], path: "Tests/JackTestKit",
            swiftSettings: swift),
        .testTarget(
            name: "JACKPluginTests",
            dependencies: [
                "JACKPlugin", "JackTestKit", "JackStudio", "SyrinxCore", "SyrinxClocks", "SyrinxTestKit",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "JackTestKitTests", dependencies: ["JackTestKit", "JackStudio"],
            swiftSettings: swift),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "CommandTestKit", "JackTestKit", "JackStudio", "SyrinxCore", "SyrinxEVI", "SyrinxNet", "SyrinxRealtime",
                "syrinx",
            ], swiftSettings: swift),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "JackTestKit", "CommandTestKit", "SyrinxCore", "SyrinxGraph", "SyrinxConfig", "SyrinxHost",
                "BasicPlugin", "ConvolvePlugin", "DynamicsPlugin", "FilePlugin", "LV2Plugin", "ResamplePlugin",
                "VoicePlugin", "syrinx",
            ], swiftSettings: swift),
        .testTarget(
            name: "ALSAPluginTests", dependencies: ["ALSAPlugin", "SyrinxCore", "JackTestKit"], swiftSettings: swift),
        .testTarget(
            name: "SyrinxNetTests",
            dependencies: [
                "SyrinxNet", "NetTestKit", "SyrinxTestKit",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ], swiftSettings: swift),
        .testTarget(
            name: "SyrinxEmulatorTests",
            dependencies: ["SyrinxEmulator", "SyrinxEVI", "SyrinxNet", "SyrinxCore", "NetTestKit", "CommandTestKit"],
            exclude: ["conversation.py"],
            swiftSettings: swift),
        .testTarget(
            name: "VoicePluginTests",
            dependencies: ["VoicePlugin", "SyrinxCore", "SyrinxDSP", "SyrinxTestKit"], swiftSettings: swift),
        .testTarget(
            name: "ConvolvePluginTests",
            dependencies: ["ConvolvePlugin", "SyrinxCore", "SyrinxSoundFile", "SyrinxTestKit"], swiftSettings: swift),
        .testTarget(
            name: "NativePluginTests",
            dependencies: [
                "NativePlugin", "SyrinxCore", "SyrinxTestKit", "CommandTestKit", "JackTestKit", "JackStudio", "syrinx",
            ],
            exclude: ["Fixtures"], swiftSettings: swift),
        .testTarget(name: "ArchitectureTests", swiftSettings: swift),
        .testTarget(
            name: "FilePluginTests",
            dependencies: [
                "FilePlugin", "SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxSoundFile", "SyrinxTestKit",
            ],
            swiftSettings: swift),
    ]
)

// A sanitizer builds only what it tests: SYRINX_ONLY names test targets, with commas; they and what they need stay.
if let only = Context.environment["SYRINX_ONLY"] {
    var wanted = Set(only.split(separator: ",").map(String.init))
    var unseen = Array(wanted)
    while let name = unseen.popLast() {
        guard let target = package.targets.first(where: { $0.name == name }) else { fatalError("no target \(name)") }
        for dependency in target.dependencies {
            switch dependency {
            case .targetItem(let name, _), .byNameItem(let name, _):
                if wanted.insert(name).inserted { unseen.append(name) }
            default: break
            }
        }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    package.products = []
}
