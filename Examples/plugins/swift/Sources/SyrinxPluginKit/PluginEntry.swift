public import CSyrinxPlugin

/// What `syrinx_plugin` returns: the entry of a plugin with one node type. Its memory lasts as long as the process.
public struct PluginEntry: @unchecked Sendable {
    public let pointer: UnsafePointer<syrinx_entry>

    public init<N: PluginNode>(_ node: N.Type, version: String = "1.0") {
        let description = N.description
        let type = UnsafeMutablePointer<syrinx_type>.allocate(capacity: 1)
        type.initialize(to: Self.type(node, description))
        entryType = UnsafePointer(type)
        let entry = UnsafeMutablePointer<syrinx_entry>.allocate(capacity: 1)
        entry.initialize(to: syrinx_entry())
        entry.pointee.size = UInt32(MemoryLayout<syrinx_entry>.stride)
        entry.pointee.major = SYRINX_PLUGIN_MAJOR
        entry.pointee.minor = SYRINX_PLUGIN_MINOR
        entry.pointee.name = text(description.name)
        entry.pointee.version = text(version)
        entry.pointee.type_count = 1
        entry.pointee.type = { index in index == 0 ? entryType : nil }
        pointer = UnsafePointer(entry)
    }

    private static func type<N: PluginNode>(_ node: N.Type, _ description: PluginType) -> syrinx_type {
        var type = syrinx_type()
        type.size = UInt32(MemoryLayout<syrinx_type>.stride)
        type.flags = description.worksInPlace ? UInt32(SYRINX_WORKS_IN_PLACE) : 0
        type.name = text(description.name)
        type.summary = text(description.summary)
        type.input_count = UInt32(description.inputs.count)
        type.inputs = array(description.inputs.map(port))
        type.output_count = UInt32(description.outputs.count)
        type.outputs = array(description.outputs.map(port))
        type.parameter_count = UInt32(description.parameters.count)
        type.parameters = array(description.parameters.map(parameter))
        make = { values in
            let values = UnsafeBufferPointer(start: values, count: description.parameters.count)
            return Unmanaged.passRetained(Box(N(values: values))).toOpaque()
        }
        type.create = { _, _, values in make?(values) }
        type.resolve = { node, request in
            guard let node, let request else { return Int32(SYRINX_ERROR) }
            return Box.of(node).node.resolve(request) ? Int32(SYRINX_OK) : Int32(SYRINX_BAD_FORMAT)
        }
        type.activate = { node, setup in
            guard let node, let setup else { return Int32(SYRINX_ERROR) }
            return Box.of(node).node.activate(setup.pointee) ? Int32(SYRINX_OK) : Int32(SYRINX_ERROR)
        }
        type.process = { node, block in
            guard let node, let block else { return Int32(SYRINX_ERROR) }
            return Box.of(node).node.process(block) ? Int32(SYRINX_OK) : Int32(SYRINX_ERROR)
        }
        type.reset = { node in if let node { Box.of(node).node.reset() } }
        type.deactivate = { _ in }
        type.destroy = { node in if let node { Unmanaged<Box>.fromOpaque(node).release() } }
        return type
    }

    private static func port(_ source: PluginType.Port) -> syrinx_port {
        var port = syrinx_port()
        port.size = UInt32(MemoryLayout<syrinx_port>.stride)
        port.kind = source.kind
        port.name = text(source.name)
        return port
    }

    private static func parameter(_ source: PluginType.Number) -> syrinx_parameter {
        var parameter = syrinx_parameter()
        parameter.size = UInt32(MemoryLayout<syrinx_parameter>.stride)
        parameter.kind = UInt32(SYRINX_NUMBER)
        parameter.name = text(source.name)
        parameter.summary = text(source.summary)
        parameter.unit = source.unit.isEmpty ? nil : text(source.unit)
        parameter.flags = source.isLive ? UInt32(SYRINX_LIVE) : 0
        parameter.lowest = source.range.lowerBound
        parameter.highest = source.range.upperBound
        parameter.initial = source.initial
        return parameter
    }
}

/// Holds a node by its protocol.
private final class Box {
    let node: any PluginNode

    init(_ node: any PluginNode) { self.node = node }

    static func of(_ pointer: UnsafeMutableRawPointer) -> Box {
        Unmanaged<Box>.fromOpaque(pointer).takeUnretainedValue()
    }
}

// Set once, before anything is called.
private nonisolated(unsafe) var entryType: UnsafePointer<syrinx_type>?
private nonisolated(unsafe) var make: ((UnsafePointer<syrinx_value>?) -> UnsafeMutableRawPointer?)?

/// A text that lasts as long as the process.
private func text(_ text: String) -> UnsafePointer<CChar> {
    UnsafePointer(array(Array(text.utf8CString)))
}

/// An array that lasts as long as the process.
private func array<T>(_ elements: [T]) -> UnsafePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: max(1, elements.count))
    memory.initialize(from: elements, count: elements.count)
    return UnsafePointer(memory)
}
