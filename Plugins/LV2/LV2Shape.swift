package import SyrinxCore

/// How a plugin's ports become a node's ports and parameters.
///
/// Audio ports are the channels of `in` and `out`, in the plugin's order; those of a side chain are `sidechain`. Control
/// inputs are parameters, control outputs and CV ports are control ports. Several instances lie side by side.
package struct LV2Shape: Sendable {
    /// A control input, and the parameter that moves it.
    struct Control: Sendable {
        var port: Int
        var parameter: ParameterDescriptor
        /// What the words of a choice stand for.
        var words: [(label: String, value: Float)] = []
        /// The plugin's own first value.
        var preset: Float
        var isRateFactor = false
    }

    /// A port of the plugin that is one of the node, by name.
    struct Named: Sendable {
        var port: Int
        var name: String
        var summary: String
        var unit: Unit
    }

    let metadata: LV2Metadata
    /// Ports of the plugin.
    let inputs: [Int]
    let sidechain: [Int]
    let outputs: [Int]
    let cvInputs: [Named]
    let cvOutputs: [Named]
    let meters: [Named]
    let controls: [Control]
    /// Names of the ports that are passed over.
    package let passedOver: [String]

    /// - Throws: without a path: what the plugin needs and this host has not.
    package init(_ metadata: LV2Metadata) throws(PipelineError) {
        self.metadata = metadata
        func refused(_ why: String) -> PipelineError {
            PipelineError(.invalidParameter, "\(Shown.plain(metadata.uri, limit: 200)) cannot be hosted: \(why)")
        }
        if let lacking = metadata.lacking { throw refused("it requires \(Shown.plain(lacking, limit: 200))") }
        let ports = metadata.ports
        if let port = ports.first(where: { $0.kind == .other && !$0.isOptional }) {
            throw refused("its port \(Shown.quoted(port.symbol)) is of a kind that is not known and must be connected")
        }
        func audio(_ isInput: Bool, sidechain: Bool) -> [Int] {
            ports.indices.filter {
                ports[$0].kind == .audio && ports[$0].isInput == isInput
                    && (ports[$0].isSidechain && isInput) == sidechain
            }
        }
        let main = audio(true, sidechain: false)
        // A plugin that calls all of its inputs a side chain has none beside them.
        inputs = main.isEmpty ? audio(true, sidechain: true) : main
        sidechain = main.isEmpty ? [] : audio(true, sidechain: true)
        outputs = audio(false, sidechain: false)
        if inputs.isEmpty, outputs.isEmpty { throw refused("it has no audio ports") }
        if inputs.count + sidechain.count > Self.mostChannels || outputs.count > Self.mostChannels {
            throw refused("it has more than \(Self.mostChannels) channels")
        }
        var names: Set = ["in", "sidechain"]
        func named(_ kind: LV2Metadata.Kind, _ isInput: Bool) -> [Named] {
            ports.indices.filter {
                ports[$0].kind == kind && ports[$0].isInput == isInput && $0 != metadata.latencyPort
            }.map { port in
                Named(
                    port: port, name: Self.name(ports[port].symbol, &names), summary: ports[port].name + ".",
                    unit: Self.unit(ports[port].unit).unit)
            }
        }
        cvInputs = named(.cv, true)
        names = ["out", "events"]
        cvOutputs = named(.cv, false)
        meters = named(.control, false)
        var taken = Set(LV2Node.descriptor.parameters.map(\.name)).union(["type", "bypass"])
        controls = ports.indices.filter { ports[$0].kind == .control && ports[$0].isInput && !ports[$0].isFreeWheel }
            .map { Self.control($0, ports[$0], &taken) }
        passedOver = ports.filter { $0.kind == .atom || $0.kind == .other }.map(\.symbol)
    }

    /// Channels of one direction, at most.
    static let mostChannels = 256

    /// The values of all of the plugin's ports before anything is set.
    var presetValues: [Float] {
        var values = [Float](repeating: 0, count: metadata.ports.count)
        for control in controls { values[control.port] = control.preset }
        return values
    }

    /// The descriptor of a node that hosts the plugin.
    ///
    /// - Parameter values: of all ports, for the defaults.
    package func descriptor(values: [Float]? = nil) -> NodeDescriptor {
        let base = LV2Node.descriptor
        let values = values ?? presetValues
        var inputs: [PortDescriptor] = []
        if !self.inputs.isEmpty { inputs.append(.audio("in", channels(self.inputs))) }
        if !sidechain.isEmpty { inputs.append(.audio("sidechain", channels(sidechain))) }
        inputs += cvInputs.map { .control($0.name, unit: $0.unit, $0.summary) }
        var outputs: [PortDescriptor] = self.outputs.isEmpty ? [] : [.audio("out", channels(self.outputs))]
        outputs += (cvOutputs + meters).map { .control($0.name, unit: $0.unit, $0.summary) }
        outputs += base.outputs.filter { $0.kind == .events }
        return NodeDescriptor(
            type: base.type, summary: base.summary, inputs: inputs, outputs: outputs, refinedBy: base.refinedBy,
            parameters: base.parameters + controls.map { $0.parameter(at: values[$0.port]) }, events: base.events,
            details: base.details, example: base.example)
    }

    private func channels(_ ports: [Int]) -> String {
        "For each instance: " + ports.map { metadata.ports[$0].name }.joined(separator: ", ") + "."
    }
}

extension LV2Shape.Control {
    /// The parameter with another default.
    func parameter(at value: Float) -> ParameterDescriptor {
        if isRateFactor, value == preset { return parameter }
        let first: Value
        switch parameter.kind {
        case .choice: first = .string(LV2Shape.word(for: value, words))
        case .integer(let range):
            first = .integer(
                min(max(Int(exactly: value.rounded()) ?? range.lowerBound, range.lowerBound), range.upperBound))
        case .number(let range): first = .number(min(max(LV2Shape.decimal(value), range.lowerBound), range.upperBound))
        default: return parameter
        }
        return ParameterDescriptor(
            parameter.name, parameter.kind, unit: parameter.unit, default: first, live: parameter.live,
            parameter.summary)
    }

    /// What a value of the file means to the port.
    func value(_ value: Value) -> Float {
        if let word = value.string { return words.first { $0.label == word }?.value ?? preset }
        return Float(value.double ?? Double(preset))
    }
}
