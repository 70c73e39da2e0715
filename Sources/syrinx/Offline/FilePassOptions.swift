internal import ArgumentParser
internal import SyrinxCore

/// What `split`, `trim` and `normalize` have in common on the command line.
struct FilePassOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The file to be read.", valueName: "in"), completion: .file())
    var input: String

    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Sets a parameter of what is written (subtype=s16, dither=tpdf). May be repeated.", valueName: "param=value"
        ))
    var sets: [String] = []

    @OptionGroup var report: ReportOptions

    @Flag(help: "Shows neither progress nor figures on a terminal.")
    var quiet = false

    func validate() throws {
        if input == "-" { throw ValidationError("standard input cannot be read twice; put the sound in a file") }
        try Settings.validate(sets)
    }

    /// The parameters of what is written.
    var members: [DocumentMember] { Settings.members(sets) }
}
