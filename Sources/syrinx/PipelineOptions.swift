internal import ArgumentParser
internal import SyrinxCore

/// What the command line changes in a pipeline file.
struct PipelineOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The pipeline file; - is standard input.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var file: String

    @OptionGroup var settings: SettingOptions

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
    var request: LoadRequest { LoadRequest(file: file, sets: settings.sets, variables: variables, binds: binds) }
}

/// `--set`, for a pipeline's nodes.
struct SettingOptions: ParsableArguments {
    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Sets a node's parameter, or a setting of the engine (engine.block_frames=64). May be repeated.",
            valueName: "node.param=value"))
    var sets: [String] = []
}

/// `--duration`
struct DurationOptions: ParsableArguments {
    @Option(
        name: .customLong("duration"),
        help: ArgumentHelp("Ends a run after so many seconds of sound.", valueName: "seconds"))
    var text: String?

    /// The seconds as an exact fraction; nil if none are asked for.
    ///
    /// - Throws: `.usage`
    func seconds() throws(PipelineError) -> Rational? {
        if let text { try Self.seconds(text) } else { nil }
    }

    /// Seconds as an exact fraction: digits, with up to nine behind the point.
    static func seconds(_ text: String) throws(PipelineError) -> Rational {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        let digits = parts[0] + fraction
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), parts[0].count <= 9,
            fraction.count <= 9, let number = Int128(digits), number > 0
        else {
            let found = Shown.quoted(text)
            throw PipelineError(.usage, at: "--duration", "found \(found), expected seconds above 0, as in 2.5")
        }
        var scale: Int128 = 1
        for _ in fraction { scale *= 10 }
        return Rational(number, over: scale)
    }
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
    /// What was read of the file before; nil: it is read each time.
    var content: [UInt8]?
    /// Where sessions go in the place of Hume's server.
    var rehearsal: Rehearsal?

    /// How reports call the file.
    var name: String { file == "-" ? "(standard input)" : file }
}
