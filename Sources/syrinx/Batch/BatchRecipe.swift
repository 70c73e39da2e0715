internal import SyrinxCore

/// How the variables of a row come about: `in`, `out`, and what `--var` says.
struct BatchRecipe: Sendable {
    /// The variables that the pipeline refers to.
    let known: Set<String>
    /// Of `--output`.
    let output: PathTemplate?
    /// Of `--var`, by name; a row's own variables go before them.
    let given: [String: PathTemplate]

    /// True: the pipeline has such a variable, or it is the input's name.
    func knows(_ name: String) -> Bool { name == "in" || known.contains(name) }

    /// The row of a file that was found.
    func row(_ file: BatchFiles.File, number: Int) -> BatchRow {
        make(number, input: file.path, folder: file.folder, own: ["in": file.path], title: file.path)
    }

    /// The row of a manifest's line.
    func row(_ line: ManifestReader.Line, number: Int) -> BatchRow {
        let input = line.variables["in"]
        return make(
            number, input: input ?? "", folder: input.map(Folder.of) ?? "", own: line.variables,
            title: input ?? "\(line.file):\(line.number)")
    }

    private func make(
        _ number: Int, input: String, folder: String, own: [String: String], title: String
    ) -> BatchRow {
        var variables = given.mapValues { $0.text(input: input, folder: folder, row: number) }
        if let output { variables["out"] = output.text(input: input, folder: folder, row: number) }
        variables.merge(own) { $1 }
        return BatchRow(number: number, title: title, variables: variables.filter { known.contains($0.key) })
    }
}
