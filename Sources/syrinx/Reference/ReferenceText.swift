internal import SyrinxCore

/// The reference page of a node type for a terminal.
struct ReferenceText {
    let descriptor: NodeDescriptor
    private static let width = 100

    var text: String {
        var text = "\(descriptor.type)\n" + Paragraph.wrap(descriptor.summary, width: Self.width, indent: 2)
        text += ports("Inputs", descriptor.inputs) + ports("Outputs", descriptor.outputs)
        if !descriptor.parameters.isEmpty {
            text += "\nParameters\n"
            for parameter in descriptor.parameters {
                let words = [
                    ReferenceWords.kind(parameter), ReferenceWords.presence(parameter),
                    ReferenceWords.change(parameter),
                ]
                text += "  \(parameter.name)\n"
                text += Paragraph.wrap(words.joined(separator: "; "), width: Self.width, indent: 6)
                text += Paragraph.wrap(parameter.summary, width: Self.width, indent: 6)
            }
        }
        if !descriptor.events.isEmpty {
            text += "\nEvents\n"
            var table = Table()
            for event in descriptor.events {
                table.add(event.name, event.fields.joined(separator: ", "), event.summary)
            }
            text += table.text()
        }
        let traits = ReferenceWords.traits(descriptor).joined(separator: " ")
        if !descriptor.details.isEmpty || !traits.isEmpty {
            let all = descriptor.details + (traits.isEmpty ? "" : "\n\n" + traits)
            text += "\nDetails\n" + Paragraph.wrapAll(all, width: Self.width, indent: 2)
        }
        if !descriptor.example.isEmpty { text += "\nExample\n  \(descriptor.example)\n" }
        return text
    }

    private func ports(_ title: String, _ ports: [PortDescriptor]) -> String {
        if ports.isEmpty { return "" }
        var table = Table()
        for port in ports { table.add(port.name, ReferenceWords.port(port), port.summary) }
        return "\n\(title)\n" + table.text()
    }
}
