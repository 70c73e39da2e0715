internal import ArgumentParser

/// What the command line changes in a pipeline file.
struct PipelineOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The pipeline file; - is standard input.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var file: String

    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Sets a node's parameter, or a setting of the engine (engine.block_frames=64). May be repeated.",
            valueName: "node.param=value"))
    var sets: [String] = []

    @Option(
        name: .customLong("var"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Gives ${name} a value. May be repeated.", valueName: "name=value"))
    var variables: [String] = []

    @Option(
        name: .customLong("bind"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Puts a file in the place of a source or sink node, its links kept. May be repeated.",
            valueName: "node=file"), completion: .file())
    var binds: [String] = []

    /// What is to be loaded.
    var request: LoadRequest { LoadRequest(file: file, sets: sets, variables: variables, binds: binds) }
}

/// A pipeline file, and what is changed in it.
struct LoadRequest {
    /// `-` is standard input.
    var file: String
    /// `node.param=value`
    var sets: [String] = []
    /// `name=value`
    var variables: [String] = []
    /// `node=file`
    var binds: [String] = []
    /// Where sessions go in the place of Hume's server.
    var rehearsal: Rehearsal?

    /// How reports call the file.
    var name: String { file == "-" ? "(standard input)" : file }
}
