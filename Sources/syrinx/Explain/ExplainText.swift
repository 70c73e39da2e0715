internal import SyrinxCore
internal import SyrinxGraph

/// An explanation as text for a reader.
struct ExplainText {
    let explanation: Explanation

    var text: String {
        [heading, nodes, links, notices, time, files, needs].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var heading: String {
        let document = explanation.pipeline.checked.document
        var text = ""
        if let name = document.name { text += Shown.plain(name, limit: 120) + "\n" }
        if let description = document.description {
            text += Paragraph.wrap(Shown.plain(description, limit: 1000), width: 100, indent: 0)
        }
        let converters = explanation.nodes.filter(\.isInserted).count
        var parts = [Figures.count(document.nodes.count, "node")]
        if converters > 0 { parts.append("\(Figures.count(converters, "converter")) put in") }
        if !explanation.pipeline.loops.isEmpty { parts.append(Figures.count(explanation.pipeline.loops.count, "loop")) }
        let rate = explanation.pipeline.masterRate.map(Figures.rate) ?? (hasDevice ? "the device's rate" : "? Hz")
        return text + "\(document.file): \(parts.joined(separator: ", ")); at \(rate), driver \(explanation.driver)\n"
    }

    private var hasDevice: Bool { explanation.nodes.contains { $0.format?.isDevice == true } }

    private var nodes: String {
        var table = Table()
        for (index, node) in explanation.order.enumerated() {
            var notes: [String] = []
            if node.isInserted { notes.append("put in to convert the rate") }
            if node.isBypassed { notes.append("bypassed") }
            if node.inLoop { notes.append("in a loop") }
            if node.latency > 0 { notes.append("latency \(Self.milliseconds(node.latency))") }
            if node.tail > 0 { notes.append("tail \(Figures.time(node.tail))") }
            // What stands elsewhere in the text, or is as everyone would expect.
            let told = ["path", "rate_hz", "channels", "read_frames", "connects_to", "runs"]
            let facts = node.facts.filter { fact in
                !told.contains(fact.name) && fact.value != .null
                    && !(fact.name == "start_frame" && fact.value == .integer(0))
            }
            notes += facts.prefix(6).map { fact in
                "\(fact.name) \(Figures.value(fact.value))"
            }
            table.add("\(index + 1)", node.id, node.type, node.format?.text ?? "", notes.joined(separator: ", "))
        }
        return "Nodes, in the order in which they are rendered\n" + table.text()
    }

    private var links: String {
        if explanation.links.isEmpty { return "" }
        var table = Table()
        for link in explanation.links {
            let delay = link.delay > 0 ? "waits \(Self.milliseconds(link.delay)) for a longer path" : ""
            table.add("\(link.fromText) -> \(link.toText)", link.format.text, delay)
        }
        return "Links\n" + table.text()
    }

    private var notices: String {
        let notices = explanation.pipeline.playbackNotices
        return notices.isEmpty ? "" : "Notices\n" + notices.map { "  \($0)\n" }.joined()
    }

    private var time: String {
        var table = Table()
        let engine = explanation.pipeline.checked.engine
        let length = explanation.pipeline.masterRate.map {
            ", \(Self.milliseconds(Double(engine.blockFrames) / Double($0)))"
        }
        table.add("blocks", "\(engine.blockFrames) frames at most\(length ?? "")")
        for node in explanation.nodes where node.arrival > 0 && explanation.isSink(node) {
            table.add("latency", "\(Self.milliseconds(node.arrival)) at \(node.id), left out at its head")
        }
        for loop in explanation.pipeline.loops {
            let names = loop.nodes.map { explanation.nodes[$0].id }.joined(separator: ", ")
            table.add("loop", "\(names): rendered in pieces of \(Figures.count(loop.pieceFrames, "frame")) at most")
        }
        let tail = explanation.pipeline.tail.double
        let sessions = explanation.sessions.joined(separator: " and ")
        let doneText = sessions.isEmpty ? "" : ", and \(sessions) has answered"
        let tailText = (tail > 0 ? ", and \(Figures.time(tail)) of tail" : "") + doneText
        switch explanation.end {
        case .never:
            let isLive = explanation.driver != "offline"
            table.add("ends", "never by itself; \(isLive ? "Ctrl-C ends it, or " : "give ")--duration SECONDS")
        case .after(let seconds, let node): table.add("ends", "after \(Figures.time(seconds)), with \(node)\(tailText)")
        case .unknown: table.add("ends", "?")
        case .whenRead(let nodes): table.add("ends", "when \(nodes.joined(separator: " and ")) has ended\(tailText)")
        }
        if let outline = explanation.outline {
            let buffers = Figures.count(outline.bufferCount, "buffer")
            table.add(
                "memory",
                "\(buffers) for \(Figures.count(outline.steps.count, "step")), \(Figures.bytes(outline.sampleBytes))")
        } else {
            table.add("memory", "? until every format is known")
        }
        return "Time and memory\n" + table.text()
    }

    private var files: String {
        var table = Table()
        for file in explanation.files {
            let standard = file.isWritten ? "standard output" : "standard input"
            let path = file.path.map { $0 == "-" ? standard : Shown.plain($0, limit: 200) } ?? "?"
            table.add(file.isWritten ? "writes" : "reads", path, "by \(file.node)")
        }
        for need in explanation.needs where need.kind == "file" {
            table.add(
                "reads", Shown.plain(need.name, limit: 200), "for a ${file:} of the pipeline; not read by explain")
        }
        for act in explanation.acts {
            table.add(act.verb, Shown.plain(act.target, limit: 200), "by \(act.node)")
        }
        let title = explanation.acts.isEmpty ? "Files of a run" : "Files, servers and programs of a run"
        return table.isEmpty ? "" : title + "\n" + table.text()
    }

    private var needs: String {
        let needs = explanation.needs.filter { $0.kind != "file" }
        return needs.isEmpty ? "" : "Needs\n" + needs.map { "  \($0.text)\n" }.joined()
    }

    private static func milliseconds(_ seconds: Double) -> String { "\(Figures.short(seconds * 1000)) ms" }
}

extension Explanation {
    /// Nothing comes out of it.
    func isSink(_ node: Node) -> Bool { !links.contains { nodes[$0.from].id == node.id } }
}
