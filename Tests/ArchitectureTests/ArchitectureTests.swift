import Foundation
import Testing

@Suite("architecture")
struct ArchitectureTests {
    let package: PackageDescription
    let files: [SourceFile]

    init() throws {
        package = try PackageDescription.shared.get()
        files = try package.swiftFiles()
    }

    @Test("arrows between targets point one way, and none joins two plugins")
    func arrows() {
        #expect(Architecture.wrongArrows(package) == [])
        // The rule looks at something.
        #expect(package.targets.contains { $0.name == "SyrinxCore" && $0.dependencies == ["SyrinxRealtime"] })
        #expect(package.targets.contains(where: Architecture.isPlugin))
    }

    @Test("one target uses each C module")
    func cModules() {
        #expect(Architecture.sharedCModules(package) == [])
    }

    @Test("neither base nor plugins import Foundation")
    func foundation() {
        #expect(Architecture.foundationImports(files, in: package) == [])
        #expect(files.contains { $0.target == "SyrinxCore" && $0.imports.contains("SyrinxRealtime") == false })
    }

    @Test("a file imports a C module only in the target that depends on it")
    func importsAreDeclared() {
        let declared = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, Set($0.dependencies)) })
        let faults = files.flatMap { file in
            file.imports.filter { Architecture.isC($0) && declared[$0] != nil }
                .filter { !declared[file.target, default: []].contains($0) }.map { "\(file.path): \($0)" }
        }
        #expect(faults == [])
    }

    @Test("every plugin is a product of its own name, for those who embed the engine")
    func products() {
        let plugins = package.targets.filter(Architecture.isPlugin)
        #expect(plugins.filter { $0.productMemberships?.contains($0.name) != true }.map(\.name) == [])
        #expect(plugins.count > 10)
    }

    @Test("every renderer bears the attributes that prove it")
    func renderers() {
        let ours = files.filter { !$0.path.hasPrefix("Tests/") }
        #expect(Architecture.unprovenRenderers(ours) == [])
        #expect(ours.contains { $0.text.contains("class GainRenderer: Renderer") })
    }

    @Test("the package uses no unsafe flags")
    func unsafeFlags() throws {
        let manifest = try String(
            contentsOf: PackageDescription.folder.appending(path: "Package.swift"), encoding: .utf8)
        #expect(!manifest.contains("unsafeFlags"))
        #expect(manifest.contains("swiftLanguageMode"))
    }
}

@Suite("architecture, the rules themselves")
struct ArchitectureRuleTests {
    private func target(
        _ name: String, _ path: String, type: String = "library", _ dependencies: [String] = []
    ) -> PackageDescription.Target {
        .init(
            name: name, type: type, path: path, sources: [], targetDependencies: dependencies, productDependencies: nil)
    }

    @Test("a planted arrow from base to plugin, plugin to plugin, or plugin to engine is found")
    func plantedArrows() {
        let package = PackageDescription(targets: [
            target("SyrinxCore", "Sources/SyrinxCore", ["SyrinxRealtime", "BasicPlugin"]),
            target("BasicPlugin", "Plugins/Basic", ["SyrinxCore", "FilePlugin", "CSndfile"]),
            target("FilePlugin", "Plugins/File", ["SyrinxGraph", "CSndfile"]),
            target("SyrinxNew", "Sources/SyrinxNew"),
            target("syrinx", "Sources/syrinx", type: "executable", ["BasicPlugin", "CSndfile", "Helpers"]),
            target("Helpers", "Tests/Helpers", ["BasicPlugin"]),
            target("SyrinxCoreTests", "Tests/SyrinxCoreTests", type: "test", ["BasicPlugin"]),
        ])
        #expect(
            Architecture.wrongArrows(package) == [
                "SyrinxCore → BasicPlugin", "BasicPlugin → FilePlugin", "FilePlugin → SyrinxGraph",
                "SyrinxNew: no line in Architecture.arrows says what it may depend on", "syrinx → CSndfile",
                "syrinx → Helpers",
            ])
        #expect(Architecture.sharedCModules(package) == [#"CSndfile: ["BasicPlugin", "FilePlugin", "syrinx"]"#])
    }

    @Test("imports are read with their attributes, access and kind")
    func imports() {
        let text =
            "import A\n@testable import B\npublic import C.Sub\ninternal import struct D.E\n// import F\nlet i = 1"
        #expect(SourceFile(target: "T", path: "T.swift", text: text).imports == ["A", "B", "C", "D"])
    }

    @Test("a planted import of Foundation is found")
    func plantedFoundation() {
        let package = PackageDescription(targets: [target("APlugin", "Plugins/A")])
        let files = ["SyrinxGraph", "APlugin", "SyrinxConfig"].map {
            SourceFile(target: $0, path: $0, text: "internal import FoundationEssentials")
        }
        #expect(Architecture.foundationImports(files, in: package) == ["SyrinxGraph", "APlugin"])
    }

    @Test("a render function without its attributes is found, other functions are left alone")
    func plantedRenderer() {
        let text = """
            final class Good: Renderer {
                @_noLocks @_noAllocation
                func render(_ block: RenderBlock) {}
                /// Says something.
                @_noLocks @_noAllocation
                package func reset() {}
            }
            final class Bad: Renderer, Other {
                func render(_ block: RenderBlock) {}
                @_noLocks
                func set(_ parameter: Int, to value: Double) {}
            }
            struct Node { func reset() {} }
            final class Harness {
                func render(_ frames: Int) {}
            }
            """
        #expect(
            Architecture.unprovenRenderers([SourceFile(target: "T", path: "T.swift", text: text)]) == [
                "T.swift: func render(_ block: RenderBlock) {}",
                "T.swift: func set(_ parameter: Int, to value: Double) {}",
            ])
    }
}
