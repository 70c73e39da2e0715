internal import SyrinxCore

/// An explanation as a picture's source, from left to right: Graphviz, or Mermaid.
struct ExplainGraph {
    let explanation: Explanation

    /// Colours of nodes that do not come from the file.
    private static let fill = "#ffe4b5"
    private static let line = "#b8860b"

    /// For `dot -Tsvg`.
    var dot: String {
        var text = """
            digraph pipeline {
              rankdir=LR
              node [shape=box, style="rounded,filled", fillcolor="#eef3f8", color="#5b7083", fontname="sans-serif"]
              edge [color="#5b7083", fontname="sans-serif", fontsize=10]

            """
        for (index, node) in explanation.nodes.enumerated() {
            let colours = node.isInserted ? ", fillcolor=\"\(Self.fill)\", color=\"\(Self.line)\"" : ""
            let label = "\(Self.dotText(node.id))\\n\(Self.dotText(node.type))\(node.isBypassed ? "\\n(bypassed)" : "")"
            text += "  n\(index) [label=\"\(label)\"\(colours)]\n"
        }
        for link in explanation.links {
            let style =
                switch link.format.kind {
                case .audio: ""
                case .control: ", style=dashed"
                case .events: ", style=dotted"
                }
            let label = Self.label(link).map(Self.dotText).joined(separator: "\\n")
            text += "  n\(link.from) -> n\(link.to) [label=\"\(label)\"\(style)]\n"
        }
        return text + "}\n"
    }

    /// For Markdown pages that know Mermaid.
    var mermaid: String {
        var text = "flowchart LR\n"
        for (index, node) in explanation.nodes.enumerated() {
            let label = "\(Self.mermaidText(node.id))<br/>\(Self.mermaidText(node.type))"
            text += "  n\(index)[\"\(label)\(node.isBypassed ? "<br/>(bypassed)" : "")\"]"
            text += node.isInserted ? ":::inserted\n" : "\n"
        }
        for link in explanation.links {
            let label = Self.label(link).map(Self.mermaidText).joined(separator: "<br/>")
            let arrow = link.format.kind == .audio ? "-->" : "-.->"
            text += "  n\(link.from) \(arrow)|\"\(label)\"| n\(link.to)\n"
        }
        if explanation.nodes.contains(where: \.isInserted) {
            text += "  classDef inserted fill:\(Self.fill),stroke:\(Self.line)\n"
        }
        return text
    }

    /// What an edge says: rate and channels, ports that are not the main ones, delay.
    private static func label(_ link: Explanation.Link) -> [String] {
        var lines: [String] = []
        let ports = [link.fromText, link.toText].compactMap { text in
            text.firstIndex { ":.[".contains($0) }.map { String(text[$0...]) }
        }
        if !ports.isEmpty { lines.append(ports.joined(separator: " -> ")) }
        switch link.format.kind {
        case .audio: lines.append("\(link.format.rateText) × \(link.format.channels.map(String.init) ?? "?")")
        case .control: lines.append("control")
        case .events: lines.append("events")
        }
        if link.delay > 0 { lines.append("+\(Figures.short(link.delay * 1000)) ms") }
        return lines
    }

    private static func dotText(_ text: String) -> String {
        String(text.flatMap { "\"\\".contains($0) ? ["\\", $0] : [$0] })
    }

    /// Letters that Mermaid reads as its own become entities.
    private static func mermaidText(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            let isPlain =
                scalar.value > 127 || scalar.properties.isAlphabetic
                || " 0123456789.-_:?+~[]".unicodeScalars
                    .contains(scalar)
            result += isPlain ? String(scalar) : "#\(scalar.value);"
        }
    }
}
