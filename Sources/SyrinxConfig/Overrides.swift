package import SyrinxCore

/// `--set NODE.PARAM=VALUE`: parameters from the command line.
package enum Overrides {
    /// Puts the values of `--set` into a document, in their order.
    ///
    /// A value is text that is read as the type its parameter wants; what begins with a bracket or a brace, and is JSON, is
    /// a list or an object; `${name}`, `${env:NAME}` and `${file:PATH}` are
    /// replaced in it (a file's path starts from the working directory), `$$` and a single `$` are dollars. It takes
    /// the place of whatever the file says.
    ///
    /// - Parameter arguments: as given, `trim.gain_db=-3`.
    /// - Parameter lookup: the same as the document was read with.
    /// - Returns: usage faults; a document with one is not to be run.
    package static func apply(_ arguments: [String], to document: inout PipelineDocument, _ lookup: Lookup) -> [Fault] {
        var reader = ReferenceReader(lookup: lookup, folder: ".")
        for (name, value) in lookup.variables {
            reader.variables[name] = reader.replace(value, at: nil, path: "", origin: .commandLine, variables: false)
        }
        reader.faults = FaultList()  // the values of --var are reported where the file was read
        reader.references = []
        for argument in arguments {
            guard let (id, name, value) = split(argument) else {
                let message = "found \(Shown.quoted(argument)), expected NODE.PARAM=VALUE, as in trim.gain_db=-3"
                reader.faults.report(.usage, at: "--set", nil, message)
                continue
            }
            let place = "--set \(Shown.plain(id)).\(Shown.plain(name))"
            guard let index = document.nodes.firstIndex(where: { $0.id == id }) else {
                let hint = NearestName.suggestion(id, among: document.nodes.map(\.id))
                reader.faults.report(.usage, at: place, nil, "there is no node \(Shown.quoted(id))\(hint)")
                continue
            }
            if name == "type" {
                reader.faults.report(.usage, at: place, nil, "the type of a node is set in the file only")
                continue
            }
            let content =
                structure(value, &reader, place) ?? reader.replace(value, at: nil, path: place, origin: .commandLine)
            let member = DocumentMember(name, DocumentValue(content))
            var parameters = document.nodes[index].parameters
            let old = parameters.firstIndex { $0.name == name } ?? parameters.endIndex
            parameters.removeAll { $0.name == name }
            parameters.insert(member, at: old)
            document.nodes[index].parameters = parameters
        }
        document.references += reader.references
        return reader.faults.all
    }

    /// A list or an object written as JSON; nil if it is neither.
    private static func structure(
        _ text: String, _ reader: inout ReferenceReader, _ place: String
    ) -> DocumentValue.Content? {
        guard text.first == "[" || text.first == "{" else { return nil }
        let (root, faults) = JSONReader.read(Array(text.utf8))
        guard let root, faults.isEmpty else { return nil }
        return replace(root, &reader, place).content
    }

    /// The same without positions, which would point into the file, and with its references replaced.
    private static func replace(
        _ value: DocumentValue, _ reader: inout ReferenceReader, _ place: String
    ) -> DocumentValue {
        switch value.content {
        case .string(let text):
            DocumentValue(reader.replace(text.text, at: nil, path: place, origin: .commandLine))
        case .list(let values): DocumentValue(.list(values.map { replace($0, &reader, place) }))
        case .object(let members):
            DocumentValue(.object(members.map { DocumentMember($0.name, replace($0.value, &reader, place)) }))
        default: DocumentValue(value.content)
        }
    }

    /// `trim`, `gain_db`, `-3`.
    private static func split(_ argument: String) -> (id: String, name: String, value: String)? {
        guard let equals = argument.firstIndex(of: "="), let dot = argument[..<equals].firstIndex(of: ".") else {
            return nil
        }
        let (id, name) = (argument[..<dot], argument[argument.index(after: dot)..<equals])
        if id.isEmpty || name.isEmpty { return nil }
        return (String(id), String(name), String(argument[argument.index(after: equals)...]))
    }
}
