internal import SyrinxCore

extension PluginDescription {
    func write(to tokens: inout TokenList) {
        for text in [name, vendor, version, header] { tokens.append(text) }
        tokens.append(types.count)
        for type in types { type.write(to: &tokens) }
    }

    init?(from reader: inout TokenReader) {
        guard let name = reader.text(), let vendor = reader.text(), let version = reader.text(),
            let header = reader.text(),
            let types = reader.list(most: DescriptorReader.mostTypes, { TypeDescription(from: &$0) })
        else { return nil }
        self.init(name: name, vendor: vendor, version: version, header: header, types: types)
    }
}

extension TypeDescription {
    func write(to tokens: inout TokenList) {
        tokens.append(descriptor.type)
        tokens.append(descriptor.summary)
        tokens.append(descriptor.details)
        tokens.append(descriptor.worksInPlace ? 1 : 0)
        for ports in [descriptor.inputs, descriptor.outputs] {
            tokens.append(ports.count)
            for port in ports {
                for text in [port.name, port.kind.rawValue, port.summary, port.unit.rawValue] { tokens.append(text) }
                tokens.append(port.mixesDown ? 1 : 0)
            }
        }
        tokens.append(inputChannels.count)
        for channels in inputChannels { tokens.append(channels) }
        tokens.append(descriptor.parameters.count)
        for parameter in descriptor.parameters { Self.write(parameter, to: &tokens) }
        tokens.append(descriptor.events.count)
        for event in descriptor.events {
            tokens.append(event.name)
            tokens.append(event.summary)
            tokens.append(event.fields.count)
            for field in event.fields { tokens.append(field) }
        }
    }

    init?(from reader: inout TokenReader) {
        func port(_ reader: inout TokenReader) -> PortDescriptor? {
            guard let name = reader.text(), let kind = reader.text().flatMap(PortKind.init),
                let summary = reader.text(),
                let unit = reader.text().flatMap(Unit.init), let mixes = reader.integer()
            else { return nil }
            return PortDescriptor(name, kind, mixesDown: mixes == 1, unit: unit, summary)
        }
        func event(_ reader: inout TokenReader) -> EventDescriptor? {
            guard let name = reader.text(), let summary = reader.text(),
                let fields = reader.list(most: RenderEvent.valueCount, { $0.text() })
            else { return nil }
            return EventDescriptor(name, fields: fields, summary)
        }
        guard let type = reader.text(), let summary = reader.text(), let details = reader.text(),
            let inPlace = reader.integer(),
            let inputs = reader.list(most: DescriptorReader.mostPorts, port),
            let outputs = reader.list(most: DescriptorReader.mostPorts, port),
            let channels = reader.list(most: DescriptorReader.mostPorts, { $0.integer() }),
            channels.count == inputs.count,
            let parameters = reader.list(most: DescriptorReader.mostParameters, Self.parameter),
            let events = reader.list(most: DescriptorReader.mostEvents, event)
        else { return nil }
        self.init(
            descriptor: NodeDescriptor(
                type: type, summary: summary, inputs: inputs, outputs: outputs, parameters: parameters, events: events,
                worksInPlace: inPlace == 1, details: details),
            inputChannels: channels)
    }

    private static func write(_ parameter: ParameterDescriptor, to tokens: inout TokenList) {
        for text in [parameter.name, parameter.summary, parameter.unit.rawValue] { tokens.append(text) }
        for flag in [parameter.required, parameter.live, parameter.secret] { tokens.append(flag ? 1 : 0) }
        switch parameter.kind {
        case .number(let range):
            for text in ["number", "\(range.lowerBound)", "\(range.upperBound)"] { tokens.append(text) }
        case .integer(let range):
            for text in ["integer", "\(range.lowerBound)", "\(range.upperBound)"] { tokens.append(text) }
        case .choice(let words):
            tokens.append("choice")
            tokens.append(words.count)
            for word in words { tokens.append(word) }
        case .boolean: tokens.append("boolean")
        default: tokens.append("string")
        }
        switch parameter.defaultValue {
        case .number(let number)?: tokens.append("\(number)")
        case .integer(let integer)?: tokens.append(integer)
        case .boolean(let isTrue)?: tokens.append(isTrue ? 1 : 0)
        case .string(let text)?: tokens.append("=" + text)
        default: tokens.append("-")
        }
    }

    private static func parameter(_ reader: inout TokenReader) -> ParameterDescriptor? {
        guard let name = reader.text(), let summary = reader.text(), let unit = reader.text().flatMap(Unit.init),
            let required = reader.integer(), let live = reader.integer(), let secret = reader.integer(),
            let word = reader.text()
        else { return nil }
        let kind: ParameterKind
        switch word {
        case "number":
            guard let low = reader.number(), let high = reader.number(), low <= high else { return nil }
            kind = .number(low...high)
        case "integer":
            guard let low = reader.integer(), let high = reader.integer(), low <= high else { return nil }
            kind = .integer(low...high)
        case "choice":
            guard let words = reader.list(most: DescriptorReader.mostChoices, { $0.text() }) else { return nil }
            kind = .choice(words)
        case "boolean": kind = .boolean
        case "string": kind = .string
        default: return nil
        }
        guard let text = reader.text() else { return nil }
        let value: Value?
        switch (kind, text) {
        case (_, "-"): value = nil
        case (.number, _): value = Double(text).map(Value.number)
        case (.integer, _): value = Int(text).map(Value.integer)
        case (.boolean, _): value = .boolean(text == "1")
        default: value = .string(String(text.dropFirst()))
        }
        return ParameterDescriptor(
            name, kind, unit: unit, default: value, required: required == 1, live: live == 1, secret: secret == 1,
            summary)
    }
}
