internal import Glibc
package import SyrinxCore

/// A pipeline file that was read.
package struct ReadDocument: Sendable {
    /// What could be read of it.
    package var document: PipelineDocument
    /// In the order of the file; faults without a place (a `--var` that nothing uses) stand at the end.
    package var faults: [Fault]

    /// True: nothing was lost to faults of syntax, so that what is missing in the document is missing in the file.
    /// Else a check of links and node types would report what follows from the syntax.
    package var isComplete: Bool { !faults.contains { $0.error.code == .syntax } }
}

/// Reads a pipeline file into a document, its references replaced.
///
/// Checked here: syntax, keys, types and names of everything but the nodes' parameters and the members of `engine`,
/// which need descriptors.
package struct DocumentReader {
    package static let nodeLimit = 4096
    static let keys = ["syrinx", "name", "description", "vars", "engine", "nodes", "links", "$schema"]

    /// Replaces references and keeps the list of faults.
    var references: ReferenceReader
    private var document: PipelineDocument
    /// False: syntax faults lost something, so that a missing key is no fault.
    private let isComplete: Bool

    /// Reads the file at `path`; `-` is standard input.
    ///
    /// - Parameter path: also the file's name in reports; references to files start from its folder.
    /// - Throws: `.missingInput` if the file cannot be read at all.
    /// - Thread: control; blocks.
    package static func read(file path: String, _ lookup: Lookup) throws(PipelineError) -> ReadDocument {
        let bytes: [UInt8]
        do {
            bytes = try FileBytes.read(path == "-" ? "/dev/stdin" : path, limit: JSONReader.byteLimit)
        } catch {
            switch error {
            case .isTooLarge:
                // As long as the file at least: the reader of syntax says what is wrong with that.
                bytes = [UInt8](repeating: 0x20, count: JSONReader.byteLimit + 1)
            case .isDirectory: throw PipelineError(.missingInput, at: path, "found a folder, expected a pipeline file")
            case .system(let code):
                throw PipelineError(
                    .missingInput, at: path, "cannot read the pipeline file", cause: FileBytes.words(for: code))
            }
        }
        return read(bytes, named: path, folder: FileBytes.folder(of: path), lookup)
    }

    /// Reads a file's bytes.
    ///
    /// - Parameter folder: where references to files start from.
    package static func read(_ bytes: [UInt8], named name: String, folder: String = ".", _ lookup: Lookup)
        -> ReadDocument
    {
        let (root, faults) = JSONReader.read(bytes)
        var reader = DocumentReader(
            lookup: lookup, folder: folder, name: name, isComplete: !faults.contains { $0.error.code == .syntax })
        if let root { reader.readRoot(root) }
        reader.document.references = reader.references.references
        return ReadDocument(document: reader.document, faults: (faults + reader.references.faults.all).inOrder)
    }

    private init(lookup: Lookup, folder: String, name: String, isComplete: Bool) {
        references = ReferenceReader(lookup: lookup, folder: folder)
        document = PipelineDocument(file: name)
        self.isComplete = isComplete
    }

    // MARK: Top level

    private mutating func readRoot(_ root: DocumentValue) {
        guard let members = members(of: root, path: "") else { return }
        // Variables first, wherever they stand.
        for member in members where member.name == "vars" { readVariables(member.value) }
        for (name, value) in references.lookup.variables {
            references.variables[name] = references.replace(
                value, at: nil, path: "--var \(name)", origin: .commandLine, variables: false)
        }
        let declared = members.filter { $0.name == "vars" }.flatMap { Self.objectMembers($0.value) }.map(\.name)
        for member in members { readTopLevel(member) }
        reportUnused(declared: declared)
        require("syrinx", of: members, at: root.position, #"expected "syrinx": 1, the version of the file format"#)
        require("nodes", of: members, at: root.position, "expected an object of nodes")
    }

    private mutating func readTopLevel(_ member: DocumentMember) {
        let value = member.value
        switch member.name {
        case "syrinx":
            if case .number(1, _) = value.content { return }
            let hint =
                if case .number = value.content { "; this program reads version 1 of the file format" } else { "" }
            expected("1" + hint, value, path: "syrinx")
        case "name": document.name = text(value, path: "name")?.text ?? document.name
        case "description": document.description = text(value, path: "description")?.text ?? document.description
        case "$schema":
            if case .string = value.content { return }
            expected("a string", value, path: "$schema")
        case "vars": return
        case "engine":
            for inner in members(of: value, path: "engine") ?? [] where !inner.name.hasPrefix("x-") {
                document.engine.append(replaced(inner, path: "engine"))
            }
        case "nodes": readNodes(value)
        case "links": readLinks(value)
        case let name where name.hasPrefix("x-"): return
        case let name where !references.faults.isFull:
            let hint = NearestName.suggestion(name, among: Self.keys)
            let message =
                "no such key of a pipeline" + (hint.isEmpty ? "; it has \(Self.keys.joined(separator: ", "))" : hint)
            references.faults.report(at: Self.path("", name), member.namePosition, message)
        default: return
        }
    }

    private mutating func require(
        _ key: String, of members: [DocumentMember], at position: SourcePosition?, _ words: String
    ) {
        if isComplete, !members.contains(where: { $0.name == key }) {
            references.faults.report(at: key, position, "missing, \(words)")
        }
    }

    // MARK: Variables

    private mutating func readVariables(_ value: DocumentValue) {
        for member in members(of: value, path: "vars") ?? [] {
            let path = Self.path("vars", member.name)
            if !Name.isVariable(member.name) {
                let message = "found a name that no ${…} can hold, expected letters, digits, \"_\" and \"-\""
                references.faults.report(at: path, member.namePosition, message)
                continue
            }
            if references.lookup.variables[member.name] != nil { continue }  // not needed, so not looked up
            switch member.value.content {
            case .string(let text):
                references.variables[member.name] = references.replace(
                    text.text, at: member.value.position, path: path, variables: false)
            case .number(_, let text): references.variables[member.name] = .string(DocumentText(text))
            case .boolean(let boolean):
                references.variables[member.name] = .string(DocumentText(boolean ? "true" : "false"))
            case .unresolved: references.variables[member.name] = .unresolved("")
            default: expected("a string, a number or a boolean", member.value, path: path)
            }
        }
    }

    /// A `--var` that the file neither declares nor asks for is a slip of the pen.
    private mutating func reportUnused(declared: [String]) {
        guard isComplete else { return }
        let known = Set(declared).union(references.used)
        for name in references.lookup.variables.keys.sorted() where !known.contains(name) {
            let asked = Set(
                references.references.compactMap { reference in
                    if case .variable(let name) = reference.source { name } else { nil }
                })
            let hint = NearestName.suggestion(
                name, among: asked.union(declared).subtracting([name]).sorted().prefix(256))
            references.faults.report(.usage, at: "--var \(name)", nil, "the file has no variable of this name\(hint)")
        }
    }

    // MARK: Nodes

    private mutating func readNodes(_ value: DocumentValue) {
        guard let members = members(of: value, path: "nodes") else { return }
        if members.isEmpty, isComplete {
            references.faults.report(at: "nodes", value.position, "found no node, expected at least one")
        }
        for member in members {
            if document.nodes.count == Self.nodeLimit {
                let message = "found more than \(Self.nodeLimit) nodes, expected \(Self.nodeLimit) at most"
                references.faults.report(.syntax, at: "nodes", member.namePosition, message)
                return
            }
            readNode(member)
        }
    }

    private mutating func readNode(_ member: DocumentMember) {
        let path = Self.path("nodes", member.name)
        if !Name.isNode(member.name) {
            let message =
                "found the id \(Shown.quoted(member.name)), expected a small letter, "
                + "then small letters, digits, \"_\" and \"-\""
            references.faults.report(at: path, member.namePosition, message)
        }
        guard let parameters = members(of: member.value, path: path) else { return }
        var node = DocumentNode(id: member.name, type: "", at: member.namePosition, typeAt: nil)
        for parameter in parameters where !parameter.name.hasPrefix("x-") {
            if parameter.name == "type" {
                readType(parameter.value, of: &node, path: path + ".type")
            } else {
                node.parameters.append(replaced(parameter, path: path))
            }
        }
        if isComplete, !parameters.contains(where: { $0.name == "type" }) {
            references.faults.report(
                at: path + ".type", member.value.position,
                #"missing, expected the name of a node type, as in "type": "gain""#)
        }
        document.nodes.append(node)
    }

    private mutating func readType(_ value: DocumentValue, of node: inout DocumentNode, path: String) {
        guard case .string(let text) = value.content else {
            return expected("the name of a node type", value, path: path)
        }
        if text.text.utf8.contains(UInt8(ascii: "$")) || text.text.isEmpty {
            return expected("the name of a node type, written out", value, path: path)
        }
        if node.type.isEmpty {
            node.type = text.text
            node.typePosition = value.position
        }
    }

    // MARK: Links

    private mutating func readLinks(_ value: DocumentValue) {
        guard case .list(let links) = value.content else {
            return expected(#"a list of links, as in ["mic -> trim -> tape"]"#, value, path: "links")
        }
        for (index, link) in links.enumerated() {
            let path = "links[\(index)]"
            switch link.content {
            case .string:
                if let text = text(link, path: path) {
                    document.links.append(DocumentLink(text.text, at: link.position, index: index))
                }
            case .object(let members): readLink(members, at: link.position, index: index)
            default: expected(#"a string, as in "mic -> trim", or an object with "from" and "to""#, link, path: path)
            }
        }
    }

    private mutating func readLink(_ members: [DocumentMember], at position: SourcePosition?, index: Int) {
        let path = "links[\(index)]"
        let keys = ["from", "to", "scale", "offset", "compensate"]
        var link = DocumentLink("", at: position, index: index)
        var ends: [String: String] = [:]
        for member in members where !member.name.hasPrefix("x-") {
            let place = Self.path(path, member.name)
            switch member.name {
            case "from", "to":
                guard let end = text(member.value, path: place)?.text else { continue }
                if end.utf8.contains(UInt8(ascii: ">")) {
                    expected("one end of a link, as in \"mic\" or \"evi:in[0]\"", member.value, path: place)
                }
                ends[member.name] = end
            case "scale": link.scale = number(member.value, path: place) ?? 1
            case "offset": link.offset = number(member.value, path: place) ?? 0
            case "compensate": link.compensate = boolean(member.value, path: place) ?? true
            default:
                if references.faults.isFull { continue }
                let hint = NearestName.suggestion(member.name, among: keys)
                let message =
                    "no such key of a link" + (hint.isEmpty ? "; it has \(keys.joined(separator: ", "))" : hint)
                references.faults.report(at: place, member.namePosition, message)
            }
        }
        for key in ["from", "to"] where isComplete && !members.contains(where: { $0.name == key }) {
            references.faults.report(
                at: "\(path).\(key)", position, "missing, expected one end of a link, as in \"mic\"")
        }
        guard let from = ends["from"], let to = ends["to"] else { return }
        link.text = "\(from) -> \(to)"
        document.links.append(link)
    }
}
