internal import ArgumentParser
internal import SyrinxConfig
internal import SyrinxCore

/// The file with what is to be written to EVI's server.
struct JSONBody: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A JSON file; - is standard input.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var file: String

    func value(_ console: Console) throws -> Value { try Self.value(file, console) }

    /// - Throws: ``ExitCode`` for a file that is no JSON; its faults are written to standard error.
    static func value(_ file: String, _ console: Console) throws -> Value {
        let (value, faults) = try JSONFile.read(file)
        let code = console.report(faults, file: name(of: file))
        guard let value, code == nil else { throw code ?? ExitCode(PipelineError.Code.syntax.exitCode) }
        return value
    }

    static func name(of file: String) -> String { file == "-" ? "standard input" : Shown.plain(file, limit: 200) }

    /// What the body makes of the value; a fault of it names the file.
    static func placing<T>(_ file: String, _ body: () throws(PipelineError) -> T) throws(PipelineError) -> T {
        do { return try body() } catch {
            throw PipelineError(error.code, at: "\(name(of: file)): \(error.path)", error.message, cause: error.cause)
        }
    }
}
