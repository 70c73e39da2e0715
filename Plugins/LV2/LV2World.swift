internal import CLilv
package import SyrinxCore

/// The installed LV2 plugins. Reads metadata; loads no plugin.
///
/// - Thread: any but render. lilv is opened by the first one made.
package final class LV2World: Sendable {
    /// What is installed, or why that cannot be told.
    package static let shared: Result<LV2World, PipelineError> = Result { () throws(PipelineError) in try LV2World() }

    // SAFETY: the C side takes a lock of its own in every call; the pointer itself never changes.
    nonisolated(unsafe) let handle: OpaquePointer
    /// The URIs of all plugins, sorted.
    package let uris: [String]
    private let indices: [String: Int]

    /// - Parameter path: folders of bundles, with colons between; nil: LV2_PATH, or the system's.
    package init(path: String? = nil) throws(PipelineError) {
        let (world, words) = Self.withWords { clv2_world_new(path, $0, $1) }
        guard let world else {
            throw PipelineError(
                .unavailable,
                "LV2 plugins are found by lilv, which cannot be opened; install it (Debian: liblilv-0-0)", cause: words)
        }
        handle = world
        let uris = (0..<clv2_world_count(world)).map { String(cString: clv2_world_uri(world, $0)) }
        indices = Dictionary(uris.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        self.uris = uris.sorted()
    }

    deinit { clv2_world_free(handle) }

    /// The name and the class of a plugin.
    package func label(_ uri: String) -> (name: String, className: String) {
        guard let index = indices[uri] else { return ("", "") }
        let size = 256
        var (name, className) = ([CChar](repeating: 0, count: size), [CChar](repeating: 0, count: size))
        clv2_world_label(handle, index, &name, &className, size)
        return (Self.text(name), Self.text(className))
    }

    /// What the metadata of a plugin says.
    ///
    /// - Throws: without a path; what is installed that is near, where there is no such plugin.
    package func metadata(_ uri: String) throws(PipelineError) -> LV2Metadata {
        let (found, words) = Self.withWords { clv2_describe(handle, uri, $0, $1) }
        guard let found else {
            if !words.isEmpty {
                throw PipelineError(.invalidParameter, "\(Shown.quoted(uri)) cannot be hosted: \(words)")
            }
            throw PipelineError(
                .invalidParameter,
                "found \(Shown.quoted(uri, limit: 200)), no such LV2 plugin is installed\(suggestion(for: uri))")
        }
        defer { clv2_plugin_free(found) }
        let plugin = found.pointee
        let ports = UnsafeBufferPointer(start: plugin.ports, count: plugin.port_count)
        let presets = UnsafeBufferPointer(start: plugin.presets, count: plugin.preset_count)
        return LV2Metadata(
            uri: uri, name: Self.text(plugin.name), className: Self.text(plugin.class_name),
            author: Self.text(plugin.author), licence: Self.text(plugin.licence), ports: ports.map(Self.port),
            presets: presets.map { (Self.text($0.uri), Self.text($0.label)) }.sorted { $0.label < $1.label },
            latencyPort: plugin.latency_port >= 0 ? Int(plugin.latency_port) : nil,
            lacking: plugin.lacking.map { Self.text($0) }, hasWorker: plugin.has_worker, hasState: plugin.has_state)
    }

    /// The values of all ports that a preset gives, by port; the others as in `values`. nil: no such preset.
    func values(of preset: String, plugin uri: String, _ values: [Float]) -> [Float]? {
        var values = values
        return clv2_preset_values(handle, uri, preset, &values, values.count) ? values : nil
    }

    /// `; did you mean …?`: by a part of the URI or the name, else by likeness.
    private func suggestion(for uri: String) -> String {
        if uris.isEmpty { return "; there is none at all (LV2_PATH says where plugins are)" }
        let wanted = uri.lowercased()
        var near = wanted.utf8.count < 3 ? [] : uris.filter { $0.lowercased().contains(wanted) }
        if near.isEmpty { near = uris.filter { label($0).name.lowercased() == wanted } }
        if near.isEmpty, let last = wanted.split(whereSeparator: { "/#:".contains($0) }).last {
            let ends = uris.map { ($0, String($0.split(whereSeparator: { "/#:".contains($0) }).last ?? "")) }
            if let end = NearestName.find(String(last), among: ends.map(\.1)) {
                near = ends.filter { $0.1 == end }.map(\.0)
            }
        }
        if near.isEmpty { return "; syrinx lv2 list lists them" }
        return "; did you mean \(near.prefix(3).map { Shown.plain($0, limit: 200) }.joined(separator: " or "))?"
    }

    /// Calls C with room for its words.
    static func withWords<T>(_ call: (UnsafeMutablePointer<CChar>, Int) -> T) -> (T, String) {
        var words = [CChar](repeating: 0, count: 256)
        let result = words.withUnsafeMutableBufferPointer { call($0.baseAddress!, $0.count) }
        return (result, text(words))
    }

    private static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }

    private static func port(_ port: clv2_port) -> LV2Metadata.Port {
        let kind: LV2Metadata.Kind =
            switch port.kind {
            case clv2_audio: .audio
            case clv2_control: .control
            case clv2_cv: .cv
            case clv2_atom: .atom
            default: .other
            }
        return LV2Metadata.Port(
            symbol: text(port.symbol), name: text(port.name), kind: kind, isInput: port.is_input,
            isOptional: port.is_optional, isInteger: port.is_integer, isToggled: port.is_toggled,
            isEnumeration: port.is_enumeration, isRateFactor: port.is_rate_factor, isSidechain: port.is_sidechain,
            isFreeWheel: port.is_free_wheel, least: port.least, most: port.most, preset: port.preset,
            unit: port.unit.map { text($0) },
            points: UnsafeBufferPointer(start: port.points, count: port.point_count).map { (text($0.label), $0.value) })
    }
}
