internal import SyrinxCore

/// `--bind NODE=FILE`: a file in the place of a node.
enum Binding {
    /// Puts a file into a document. The links stay, and a sink's `channels`; other parameters go with the old type.
    ///
    /// - Returns: a usage fault, and the document unchanged, if the node is not there or is neither source nor sink.
    static func apply(_ argument: String, to document: inout PipelineDocument, _ registry: NodeRegistry) -> Fault? {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex,
            argument.index(after: equals) != argument.endIndex
        else {
            let message = "found \(Shown.quoted(argument)), expected NODE=FILE, as in mic=take.wav"
            return Fault(PipelineError(.usage, at: "--bind", message))
        }
        let id = String(argument[..<equals])
        let path = String(argument[argument.index(after: equals)...])
        let place = "--bind \(Shown.plain(id))"
        guard let index = document.nodes.firstIndex(where: { $0.id == id }) else {
            let hint = NearestName.suggestion(id, among: document.nodes.map(\.id))
            return Fault(PipelineError(.usage, at: place, "there is no node \(Shown.quoted(id))\(hint)"))
        }
        let node = document.nodes[index]
        // A type that nobody knows is the checker's to report.
        guard let old = registry[node.type]?.descriptor else { return nil }
        let takes = old.inputs.contains { $0.kind == .audio }
        let gives = old.outputs.contains { $0.kind == .audio }
        guard takes != gives else {
            let what = takes ? "takes and gives audio" : "has no audio"
            let message = "\"\(node.id)\" (\(old.type)) \(what); a file can stand in for a source or a sink only"
            return Fault(PipelineError(.usage, at: place, message))
        }
        let type = takes ? "file.sink" : "file.source"
        var kept = node.parameters.filter { takes && $0.name == "channels" }
        if old.type == type {
            // The same kind of file: only what the path itself says is said anew.
            kept = node.parameters.filter { $0.name != "path" && ($0.name != "format" || path == "-") }
        }
        let text = DocumentText(path, beginsOnCommandLine: true, isTypedOnCommandLine: true)
        kept.append(DocumentMember("path", DocumentValue(.string(text), at: node.position)))
        document.nodes[index].type = type
        document.nodes[index].parameters = kept
        if let new = registry[type]?.descriptor {
            document.links.removeAll { tells(id, $0.text, butNot: new) }
        }
        // A file has no clock to lead by.
        document.engine.removeAll { member in
            if case .string(let text) = member.value.content {
                member.name == "clock" && text.text == id
            } else {
                false
            }
        }
        return nil
    }

    /// True: the link begins at a port, or ends at a parameter, that the device had and a file has not: its events, its drift,
    /// its mute.
    private static func tells(_ id: String, _ link: String, butNot file: NodeDescriptor) -> Bool {
        let ends = link.split(separator: "->").map { $0.trimmingPrefix { $0 == " " } }
        guard let head = ends.first, let tail = ends.last else { return false }
        func name(after mark: Character, in end: Substring) -> String? {
            guard end.hasPrefix(id), end.dropFirst(id.count).first == mark else { return nil }
            return String(end.dropFirst(id.count + 1).prefix { $0 != " " && $0 != "[" })
        }
        if let port = name(after: ":", in: head) { return !file.outputs.contains { $0.name == port } }
        if let parameter = name(after: ".", in: tail) { return !file.parameters.contains { $0.name == parameter } }
        return false
    }
}
