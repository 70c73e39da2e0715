internal import Glibc
package import SyrinxCore

/// What was found where on the search path.
package struct PluginCatalogue: Sendable {
    /// One file, or a folder whose files are not looked at.
    package struct Item: Sendable {
        package let path: String
        /// nil: it is refused, and `reason` says why.
        let plugin: PluginDescription?
        package var reason: String?
        /// Names of the types that were not registered, each with the reason.
        package var refusedTypes: [(type: String, reason: String)] = []

        package var name: String { plugin?.name ?? "" }
        package var vendor: String { plugin?.vendor ?? "" }
        package var version: String { plugin?.version ?? "" }
        package var header: String { plugin?.header ?? "" }
        /// The types that were registered.
        package var types: [NodeDescriptor] {
            (plugin?.types ?? []).map(\.shown).filter { type in !refusedTypes.contains { $0.type == type.type } }
        }
    }

    /// The folders of the search path.
    package let folders: [String]
    package private(set) var items: [Item] = []
    private let program: String

    /// Looks at every file of the search path. Loads none of them into this process: what a file says is kept from the last
    /// time, or asked in a process of its own.
    ///
    /// - Parameters:
    ///   - isFresh: asks again what is known.
    ///   - program: the command, for helper processes.
    package init(
        isFresh: Bool = false, program: String = PluginHelper.thisProgram,
        environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) {
        self.program = program
        folders = PluginFolder.all(environment)
        var files: [String] = []
        for folder in folders {
            guard let found = PluginFolder.files(in: folder), !found.isEmpty else { continue }
            if let reason = PluginFolder.reason(against: folder) {
                items.append(Item(path: folder, plugin: nil, reason: reason))
            } else {
                files += found.filter { !files.contains($0) }
            }
        }
        if files.isEmpty { return }
        var cache = ManifestCache(environment)
        if !isFresh { cache.read() }
        var found: [FileStamp: ManifestCache.Finding] = [:]
        for file in files { items.append(Self.look(at: file, cache, &found, program)) }
        if found != cache.findings { cache.write(found) }
    }

    private static func look(
        at file: String, _ cache: ManifestCache, _ found: inout [FileStamp: ManifestCache.Finding], _ program: String
    ) -> Item {
        let stamp: FileStamp
        do throws(PipelineError) {
            stamp = try FileStamp(file)
        } catch {
            return Item(path: file, plugin: nil, reason: error.message)
        }
        let finding = cache.findings[stamp] ?? ask(file, program)
        found[stamp] = finding
        switch finding {
        case .plugin(let description): return Item(path: file, plugin: description)
        case .refused(let reason): return Item(path: file, plugin: nil, reason: reason)
        }
    }

    private static func ask(_ file: String, _ program: String) -> ManifestCache.Finding {
        do throws(PipelineError) {
            return .plugin(try PluginDescription.ask(file: file, program: program))
        } catch {
            return .refused(error.message)
        }
    }

    /// Registers every type whose name is free; what is refused is noted.
    package mutating func register(into registry: inout NodeRegistry) {
        for index in items.indices {
            let path = items[index].path
            guard let plugin = items[index].plugin else {
                registry.refuse(Self.stem(path), "\(path): \(items[index].reason ?? "refused")")
                continue
            }
            for type in plugin.types {
                let name = type.descriptor.type
                if registry[name] != nil {
                    items[index].refusedTypes.append((name, "another node type has this name already"))
                    continue
                }
                let program = program
                let node = NodeType(type.shown) { parameters throws(PipelineError) in
                    try Self.make(path, type, parameters, program)
                }
                do throws(PipelineError) {
                    try registry.register(node)
                } catch {
                    items[index].refusedTypes.append((name, error.message))
                }
            }
        }
    }

    private static func make(
        _ path: String, _ type: TypeDescription, _ parameters: Parameters, _ program: String
    ) throws(PipelineError) -> any NodeInstance {
        if try parameters.boolean(TypeDescription.isolateName) {
            return try IsolatedNode(file: path, type: type, parameters, program: program)
        }
        return try PluginNode(file: path, type: type, parameters)
    }

    /// `NAME` of `folder/NAME.so`.
    private static func stem(_ path: String) -> String {
        String((path.split(separator: "/").last ?? "").prefix { $0 != "." })
    }
}
