internal import CPluginHost
internal import SyrinxCore
internal import SyrinxPlugin
internal import SyrinxRealtime

/// A plugin's shared object, loaded. It stays loaded until the process ends: renderers of old plans may still run it.
final class PluginLibrary: Sendable {
    /// One of its node types.
    struct Entry: @unchecked Sendable {
        // SAFETY: the header demands that a type stays as it is while its file is loaded.
        let type: UnsafePointer<syrinx_type>
        let functions: syrinx_type
        let description: TypeDescription
    }

    let path: String
    let description: PluginDescription
    let entries: [Entry]

    private static let loaded = Locked([String: PluginLibrary]())

    /// The library of a file, loaded at most once in a process.
    ///
    /// - Throws: why it cannot be used.
    /// - Thread: control. Runs code of the plugin.
    static func load(_ path: String) throws(PipelineError) -> PluginLibrary {
        if let library = loaded.withLock({ $0[path] }) { return library }
        let library = try PluginLibrary(path)
        loaded.withLock { $0[path] = library }
        return library
    }

    private init(_ path: String) throws(PipelineError) {
        self.path = path
        var reason = [CChar](repeating: 0, count: 500)
        guard let library = syrinx_library_open(path, &reason, reason.count) else {
            let words = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw PipelineError(
                .unavailable, at: path, "the system cannot load it", cause: Shown.plain(words, limit: 400))
        }
        guard let symbol = syrinx_library_symbol(library, SYRINX_PLUGIN_SYMBOL) else {
            throw PipelineError(
                .unavailable, at: path,
                "it has no function \(SYRINX_PLUGIN_SYMBOL): no plugin of syrinx, or it is not exported")
        }
        let function = unsafeBitCast(symbol, to: syrinx_plugin_function.self)
        do throws(PipelineError) {
            (description, entries) = try Self.read(function(SYRINX_PLUGIN_MAJOR, SYRINX_PLUGIN_MINOR))
        } catch {
            throw PipelineError(
                error.code, at: path, error.path.isEmpty ? error.message : "\(error.path): \(error.message)",
                cause: error.cause)
        }
    }

    private static func read(
        _ pointer: UnsafePointer<syrinx_entry>?
    ) throws(PipelineError) -> (PluginDescription, [Entry]) {
        guard let pointer else { throw DescriptorReader.wrong("\(SYRINX_PLUGIN_SYMBOL) returned NULL") }
        guard Int(bitPattern: pointer) % 8 == 0 else { throw DescriptorReader.wrong("its entry is not aligned") }
        // The version comes first: the rest may look otherwise in another.
        let (major, minor) = (pointer.pointee.major, pointer.pointee.minor)
        guard major == SYRINX_PLUGIN_MAJOR else {
            throw DescriptorReader.wrong(
                "it is made for version \(major).\(minor) of syrinx_plugin.h, expected \(SYRINX_PLUGIN_MAJOR).x; compile it with this version's header"
            )
        }
        let entry = try DescriptorReader.load(pointer, as: syrinx_entry.self, "entry")
        let count = try DescriptorReader.count(entry.type_count, "node types", most: DescriptorReader.mostTypes)
        guard count > 0, let type = entry.type else { throw DescriptorReader.wrong("it has no node types") }
        var entries: [Entry] = []
        for index in 0..<count {
            guard let type = type(UInt32(index)) else { throw DescriptorReader.wrong("node type \(index) is NULL") }
            let description = try DescriptorReader.describe(type)
            if let mistake = description.shown.mistake {
                throw DescriptorReader.wrong("\(description.descriptor.type): \(mistake)")
            }
            if entries.contains(where: { $0.description.descriptor.type == description.descriptor.type }) {
                throw DescriptorReader.wrong("two of its types are called \(description.descriptor.type)")
            }
            entries.append(Entry(type: type, functions: type.pointee, description: description))
        }
        let description = PluginDescription(
            name: try DescriptorReader.text(entry.name, "the plugin's name", required: true),
            vendor: try DescriptorReader.text(entry.vendor, "the plugin's vendor"),
            version: try DescriptorReader.text(entry.version, "the plugin's version"), header: "\(major).\(minor)",
            types: entries.map(\.description))
        return (description, entries)
    }
}
