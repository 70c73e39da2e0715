internal import SyrinxCore
internal import SyrinxPlugin
internal import SyrinxRealtime

/// A node of a plugin: owns what `create` made, and the host that it sees.
///
/// - Thread: control, except where said otherwise.
// SAFETY: pointers are set once in `init`; `isActive` belongs to control.
final class NodeHandle: @unchecked Sendable {
    /// What a node says, until it is known whom to tell.
    private struct Words: Sendable {
        var last = ""
        var sender: EventSender?
    }

    /// The event that carries what a plugin's `log` says, and its fields.
    static let logEvent = "plugin_log"
    static let logFields = ["level", "text"]

    let entry: PluginLibrary.Entry
    private(set) var node: UnsafeMutableRawPointer
    private let host: UnsafeMutablePointer<syrinx_host>
    private let words = Locked(Words())
    private var isActive = false

    /// Makes a node.
    ///
    /// - Parameter values: one for each parameter of the plugin; nil: unset.
    /// - Throws: `.invalidParameter` with the plugin's last words, if it makes none.
    init(_ entry: PluginLibrary.Entry, values: [Value?], path: String) throws(PipelineError) {
        self.entry = entry
        host = .allocate(capacity: 1)
        node = UnsafeMutableRawPointer(host)
        host.initialize(to: syrinx_host())
        host.pointee.size = UInt32(MemoryLayout<syrinx_host>.stride)
        host.pointee.major = SYRINX_PLUGIN_MAJOR
        host.pointee.minor = SYRINX_PLUGIN_MINOR
        host.pointee.name = Self.hostName
        host.pointee.context = Unmanaged.passUnretained(self).toOpaque()
        host.pointee.log = { host, level, text in NodeHandle.of(host)?.log(level, text) }
        host.pointee.event = { host, kind, values in NodeHandle.of(host)?.tell(kind, values) }
        host.pointee.extension = { _, _ in nil }
        let made = Self.withValues(values, entry.description.descriptor.parameters) { values in
            entry.functions.create(entry.type, host, values)
        }
        guard let made else {
            let last = words.withLock { $0.last }
            throw PipelineError(
                .invalidParameter, at: path,
                "the plugin makes no such node: \(last.isEmpty ? "it gives no reason" : Shown.plain(last, limit: 300))")
        }
        node = made
    }

    deinit {
        deactivate()
        // `node` is the host's own address where `create` failed.
        if node != UnsafeMutableRawPointer(host) { entry.functions.destroy(node) }
        host.deallocate()
    }

    /// Never freed: plugins may keep it.
    private nonisolated(unsafe) static let hostName: UnsafePointer<CChar> = {
        let name = "syrinx"
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: 8)
        for (index, byte) in (Array(name.utf8) + [0]).enumerated() { memory[index] = CChar(bitPattern: byte) }
        return UnsafePointer(memory)
    }()

    private static func of(_ host: UnsafePointer<syrinx_host>?) -> NodeHandle? {
        host?.pointee.context.map { Unmanaged<NodeHandle>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Calls the body with the values as the header has them.
    private static func withValues<T>(
        _ values: [Value?], _ parameters: [ParameterDescriptor], _ body: (UnsafePointer<syrinx_value>) -> T
    ) -> T {
        var texts: [[CChar]] = []
        var numbers: [Double] = []
        for (value, parameter) in zip(values, parameters) {
            let text = value?.string
            texts.append(text.map { Array($0.utf8CString) } ?? [])
            switch (parameter.kind, value) {
            case (.choice(let words), .string(let word)?): numbers.append(Double(words.firstIndex(of: word) ?? 0))
            case (_, .boolean(let isTrue)?): numbers.append(isTrue ? 1 : 0)
            default: numbers.append(value?.double ?? 0)
            }
        }
        let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, texts.map(\.count).reduce(0, +)))
        let list = UnsafeMutablePointer<syrinx_value>.allocate(capacity: max(1, numbers.count))
        defer {
            bytes.deallocate()
            list.deallocate()
        }
        var used = 0
        for (index, text) in texts.enumerated() {
            (bytes + used).update(from: text, count: text.count)
            list[index] = syrinx_value(number: numbers[index], text: text.isEmpty ? nil : UnsafePointer(bytes + used))
            used += text.count
        }
        return body(list)
    }

    /// From now on what the node says goes there.
    func speak(to sender: EventSender) { words.withLock { $0.sender = sender } }

    private func log(_ level: Int32, _ text: UnsafePointer<CChar>?) {
        guard let text = try? DescriptorReader.text(text, "log", limit: DescriptorReader.textLength) else { return }
        let sender = words.withLock { words in
            words.last = text
            return words.sender
        }
        let names = ["debug", "info", "warning", "error"]
        guard level > 0, let sender else { return }
        sender(Self.logEvent, zip(Self.logFields, [names[min(Int(level), 3)], text]).map { .init($0, .string($1)) })
    }

    private func tell(_ kind: UInt32, _ values: UnsafePointer<Double>?) {
        let events = entry.description.descriptor.events
        guard let values, events.indices.contains(Int(kind)), let sender = words.withLock({ $0.sender }) else { return }
        let event = events[Int(kind)]
        sender(event.name, event.fields.enumerated().map { .init($1, .number(values[$0])) })
    }

    /// Asks for the outputs' formats.
    func resolve(_ request: FormatRequest) throws(PipelineError) -> [OutputStream] {
        let ports = entry.description.descriptor.streamOutputs
        let inputs = request.inputs.map { input in
            syrinx_format(rate: UInt32(input?.rate ?? 0), channels: UInt32(input?.channels ?? 0))
        }
        let first = request.inputs.lazy.compactMap(\.self).first { $0.rate != Limits.controlRate }
        let all: UInt64 = inputs.isEmpty ? 0 : UInt64.max >> UInt64(64 - inputs.count)
        var outputs = ports.map { port in
            var output = syrinx_output()
            output.size = UInt32(MemoryLayout<syrinx_output>.stride)
            output.format =
                port.kind == .control
                ? syrinx_format(rate: UInt32(Limits.controlRate), channels: 1)
                : syrinx_format(
                    rate: UInt32(first?.rate ?? request.masterRate ?? 0),
                    channels: UInt32(first?.channels ?? (first == nil ? 1 : 0)))
            output.needs = all
            return output
        }
        if let resolve = entry.functions.resolve {
            let code = inputs.withUnsafeBufferPointer { inputs in
                outputs.withUnsafeMutableBufferPointer { outputs in
                    var asked = syrinx_request()
                    asked.size = UInt32(MemoryLayout<syrinx_request>.stride)
                    asked.input_count = UInt32(inputs.count)
                    asked.output_count = UInt32(outputs.count)
                    asked.master_rate = UInt32(request.masterRate ?? 0)
                    asked.inputs = inputs.baseAddress
                    asked.outputs = outputs.baseAddress
                    return resolve(node, &asked)
                }
            }
            guard code == Int32(SYRINX_OK) else {
                let last = words.withLock { $0.last }
                throw PipelineError(
                    .invalidGraph,
                    "the plugin refuses these formats (\(code))\(last.isEmpty ? "" : ": " + Shown.plain(last, limit: 300))"
                )
            }
        }
        return try StatedOutputs.check(outputs, ports: ports, request: request)
    }

    /// Makes ready for render.
    func activate(_ setup: Setup) throws(PipelineError) {
        let inputs = setup.inputs.map {
            syrinx_format(rate: UInt32($0.format.rate), channels: UInt32($0.format.channels))
        }
        let outputs = setup.outputs.map {
            syrinx_format(rate: UInt32($0.format.rate), channels: UInt32($0.format.channels))
        }
        let inputFrames = setup.inputs.map { UInt32($0.largestBlock) }
        let outputFrames = setup.outputs.map { UInt32($0.largestBlock) }
        let code = inputs.withUnsafeBufferPointer { inputs in
            outputs.withUnsafeBufferPointer { outputs in
                inputFrames.withUnsafeBufferPointer { inputFrames in
                    outputFrames.withUnsafeBufferPointer { outputFrames in
                        var agreed = syrinx_setup()
                        agreed.size = UInt32(MemoryLayout<syrinx_setup>.stride)
                        agreed.input_count = UInt32(inputs.count)
                        agreed.output_count = UInt32(outputs.count)
                        agreed.master_rate = UInt32(setup.masterRate)
                        agreed.inputs = inputs.baseAddress
                        agreed.outputs = outputs.baseAddress
                        agreed.input_frames = inputFrames.baseAddress
                        agreed.output_frames = outputFrames.baseAddress
                        agreed.is_live = setup.isPaced ? 1 : 0
                        return entry.functions.activate(node, &agreed)
                    }
                }
            }
        }
        guard code == Int32(SYRINX_OK) else {
            let last = words.withLock { $0.last }
            throw PipelineError(
                .unavailable,
                "the plugin cannot be activated (\(code))\(last.isEmpty ? "" : ": " + Shown.plain(last, limit: 300))")
        }
        isActive = true
    }

    func deactivate() {
        if isActive { entry.functions.deactivate(node) }
        isActive = false
    }
}
