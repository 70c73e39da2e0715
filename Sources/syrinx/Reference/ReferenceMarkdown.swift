internal import SyrinxCore

/// The reference page of a node type in Markdown.
struct ReferenceMarkdown {
    let descriptor: NodeDescriptor

    var text: String {
        var text = "# \(descriptor.type)\n\n\(descriptor.summary)\n"
        text += ports("Inputs", descriptor.inputs) + ports("Outputs", descriptor.outputs)
        if !descriptor.parameters.isEmpty {
            text +=
                "\n## Parameters\n\n| name | value | default | change | what it does |\n| --- | --- | --- | --- | --- |\n"
            for parameter in descriptor.parameters {
                let presence =
                    parameter.defaultValue.map { "`\(ReferenceWords.value($0))`" } ?? ReferenceWords.presence(parameter)
                text += Self.row(
                    "`\(parameter.name)`", ReferenceWords.kind(parameter), presence, ReferenceWords.change(parameter),
                    parameter.summary)
            }
        }
        if !descriptor.events.isEmpty {
            text += "\n## Events\n\n| name | members | when |\n| --- | --- | --- |\n"
            for event in descriptor.events {
                text += Self.row(
                    "`\(event.name)`", event.fields.map { "`\($0)`" }.joined(separator: ", "), event.summary)
            }
        }
        let details = Paragraph.paragraphs(descriptor.details) + ReferenceWords.traits(descriptor)
        if !details.isEmpty { text += "\n## Details\n\n" + details.joined(separator: "\n\n") + "\n" }
        if !descriptor.example.isEmpty { text += "\n## Example\n\n```json\n\(descriptor.example)\n```\n" }
        return text
    }

    private func ports(_ title: String, _ ports: [PortDescriptor]) -> String {
        if ports.isEmpty { return "" }
        return ports.reduce("\n## \(title)\n\n| name | kind | what it carries |\n| --- | --- | --- |\n") { text, port in
            text + Self.row("`\(port.name)`", ReferenceWords.port(port), port.summary)
        }
    }

    private static func row(_ cells: String...) -> String {
        "| " + cells.map(cell).joined(separator: " | ") + " |\n"
    }

    /// Text that stays in its cell.
    static func cell(_ text: String) -> String {
        String(text.flatMap { $0 == "|" ? ["\\", "|"] : $0 == "\n" ? [" "] : [$0] })
    }
}
