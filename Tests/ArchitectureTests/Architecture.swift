import Foundation

/// The rules of the layout, as functions that tell what breaks them.
enum Architecture {
    /// The targets that open no file, socket or device and know no Foundation.
    static let base: Set = ["SyrinxRealtime", "SyrinxDSP", "SyrinxClocks", "SyrinxCore", "SyrinxGraph"]

    /// What each target below the plugins may depend on. A new target is a new line here.
    static let arrows: [String: Set<String>] = [
        "SyrinxRealtime": ["CSyrinxShims"],
        "SyrinxDSP": ["CResampleKernels", "CSampleKernels"],
        "SyrinxClocks": ["SyrinxRealtime", "SyrinxDSP"],
        "SyrinxCore": ["SyrinxRealtime"],
        "SyrinxGraph": ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP"],
        "SyrinxConfig": ["SyrinxCore"],
        "SyrinxSoundFile": ["SyrinxCore", "CSndfile"],
        "SyrinxEVI": ["SyrinxCore", "SyrinxRealtime", "SyrinxNet", "CToolProcess"],
        "SyrinxEmulator": ["SyrinxNet", "SyrinxEVI", "SyrinxConfig", "SyrinxCore", "SyrinxRealtime"],
        "SyrinxHost": ["SyrinxGraph", "SyrinxCore", "SyrinxRealtime", "SyrinxConfig", "Logging"],
        "SyrinxNet": ["COpenSSL", "NIOConcurrencyHelpers", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOWebSocket"],
        "SyrinxPlugin": [],
        "SyrinxTestKit": [
            "SyrinxGraph", "SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks", "CHeapProbe",
        ],
    ]

    /// What a plugin may depend on, beside C libraries of its own.
    static let pluginArrows: Set = ["SyrinxCore", "SyrinxRealtime", "SyrinxDSP", "SyrinxClocks"]

    /// What single plugins may depend on beside that.
    static let morePluginArrows: [String: Set<String>] = [
        "ConvolvePlugin": ["SyrinxSoundFile"],
        "EVIPlugin": ["SyrinxEVI", "SyrinxNet"],
        "FilePlugin": ["SyrinxSoundFile"],
        "NativePlugin": ["SyrinxPlugin"],
    ]

    /// C targets that are ours; several may use CSyrinxShims only through SyrinxRealtime.
    static func isC(_ name: String) -> Bool {
        name.first == "C" && name.dropFirst().first.map(\.isUppercase) == true
    }

    static func isPlugin(_ target: PackageDescription.Target) -> Bool { target.path.hasPrefix("Plugins/") }

    /// Dependencies that point the wrong way.
    static func wrongArrows(_ package: PackageDescription) -> [String] {
        var faults: [String] = []
        // What lies under Tests/ may use anything, and is used by tests only.
        let forTests = Set(package.targets.filter { $0.path.hasPrefix("Tests/") }.map(\.name))
        for target in package.targets where !forTests.contains(target.name) {
            let allowed: (String) -> Bool
            if isPlugin(target) {
                if !target.name.hasSuffix("Plugin") { faults.append("\(target.name): a plugin's name ends in Plugin") }
                let more = morePluginArrows[target.name] ?? []
                allowed = { pluginArrows.contains($0) || more.contains($0) || isC($0) }
            } else if target.type == "executable" {
                // The command and its like: everything but C.
                allowed = { !isC($0) && !forTests.contains($0) }
            } else if isC(target.name) {
                allowed = { _ in false }
            } else if let known = arrows[target.name] {
                allowed = { known.contains($0) }
            } else {
                faults.append("\(target.name): no line in Architecture.arrows says what it may depend on")
                continue
            }
            for name in target.dependencies where !allowed(name) { faults.append("\(target.name) → \(name)") }
        }
        return faults
    }

    /// C modules that more than one target depends on, tests included.
    static func sharedCModules(_ package: PackageDescription) -> [String] {
        var users: [String: Set<String>] = [:]
        for target in package.targets {
            for name in target.dependencies where isC(name) { users[name, default: []].insert(target.name) }
        }
        return users.filter { $0.value.count > 1 }.map { "\($0.key): \($0.value.sorted())" }.sorted()
    }

    /// Imports of Foundation in base and plugins.
    static func foundationImports(_ files: [SourceFile], in package: PackageDescription) -> [String] {
        let plugins = Set(package.targets.filter(isPlugin).map(\.name))
        return files.filter { base.contains($0.target) || plugins.contains($0.target) }
            .filter { file in file.imports.contains { $0.hasPrefix("Foundation") } }.map(\.path)
    }

    /// Functions of renderers that lack the attributes by which the compiler proves them.
    ///
    /// A renderer is a class or struct whose declaration names `Renderer`; its `render`, `absorb`, `set` and `reset` must
    /// follow a line of exactly `@_noLocks @_noAllocation`.
    static func unprovenRenderers(_ files: [SourceFile]) -> [String] {
        var faults: [String] = []
        for file in files {
            var inRenderer = false
            var before = ""
            for line in file.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
                let words = line.drop { $0 == " " }
                if let declaration = line.firstMatch(of: /^[a-z ]*(class|struct|enum|actor|protocol|extension) \w/) {
                    inRenderer = declaration.1 == "class" && line.contains(/:.*\bRenderer\b/)
                } else if line.contains(/^\}/) {
                    inRenderer = false
                }
                if inRenderer, words.contains(/^[a-z ]*func (render|absorb|set|reset)\(/),
                    before != "@_noLocks @_noAllocation"
                {
                    faults.append("\(file.path): \(words)")
                }
                if !words.hasPrefix("///") { before = String(words) }
            }
        }
        return faults
    }
}
