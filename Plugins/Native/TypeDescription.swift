internal import SyrinxCore

/// A node type of a run-time plugin as data: what a manifest keeps of it, so that the file need not be loaded to know it.
struct TypeDescription: Sendable, Hashable {
    /// Without what the host adds.
    let descriptor: NodeDescriptor
    /// How many channels each stream input asks for; 0: takes what is linked.
    let inputChannels: [Int]

    static let isolateName = "isolate"

    /// The descriptor as pipelines see it: with the parameter `isolate`, and an events output where there are events.
    var shown: NodeDescriptor {
        let isolate = ParameterDescriptor.boolean(
            Self.isolateName, default: false,
            "Runs the node in a process of its own, which may crash; adds block_frames of latency.")
        let events = PortDescriptor.events("events", "What the plugin tells.")
        return NodeDescriptor(
            type: descriptor.type, summary: descriptor.summary, inputs: descriptor.inputs,
            outputs: descriptor.outputs + (descriptor.events.isEmpty ? [] : [events]),
            parameters: descriptor.parameters + [isolate], events: descriptor.events,
            worksInPlace: descriptor.worksInPlace, details: descriptor.details)
    }

    func channels(ofInput port: String) -> Int? {
        guard let index = descriptor.streamInputs.firstIndex(where: { $0.name == port }), inputChannels[index] > 0
        else {
            return nil
        }
        return inputChannels[index]
    }
}

/// What a file says of itself.
struct PluginDescription: Sendable, Hashable {
    var name: String
    var vendor: String
    var version: String
    /// The version of the header that it was compiled with: `1.0`.
    var header: String
    var types: [TypeDescription]
}
