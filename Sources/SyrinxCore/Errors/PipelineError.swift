/// What went wrong, where in the user's own terms, what was found and expected, and what to do.
public struct PipelineError: Error, Sendable, Hashable {
    /// What kind of thing went wrong, to react to. New codes break no `switch`.
    public struct Code: Sendable, Hashable {
        public let name: String
        /// The exit code of a command that ends with this error (sysexits.h, as far as it goes).
        public let exitCode: Int32

        public init(_ name: String, exitCode: Int32) {
            self.name = name
            self.exitCode = exitCode
        }

        /// The command line is wrong.
        public static let usage = Code("usage", exitCode: 64)
        /// The pipeline file is not well-formed JSON, or over a limit.
        public static let syntax = Code("syntax", exitCode: 65)
        /// A key, type, value or name of the pipeline file is wrong.
        public static let invalidParameter = Code("invalid-parameter", exitCode: 65)
        /// A link names something that is not there, or joins what does not fit.
        public static let invalidLink = Code("invalid-link", exitCode: 65)
        /// The graph cannot be rendered: a loop without a delay, rates that never meet, no end.
        public static let invalidGraph = Code("invalid-graph", exitCode: 65)
        /// A variable that the file needs is not set.
        public static let missingVariable = Code("missing-variable", exitCode: 65)
        /// An input is not there, cannot be opened, or is not what it says.
        public static let missingInput = Code("missing-input", exitCode: 66)
        /// A device, server or network is unavailable.
        public static let unavailable = Code("unavailable", exitCode: 69)
        /// An output cannot be created.
        public static let cannotCreate = Code("cannot-create", exitCode: 73)
        /// Reading or writing failed on the way.
        public static let inputOutput = Code("input-output", exitCode: 74)
        /// Credentials were refused.
        public static let refused = Code("refused", exitCode: 77)
        /// Our own mistake, or a plugin's.
        public static let `internal` = Code("internal", exitCode: 70)
    }

    public let code: Code
    /// The place, as in `nodes.trim.gain_db`, `links[2]` or a file's path. Empty where there is none.
    public let path: String
    /// One sentence: what was found, what was expected, what to do.
    public let message: String
    /// The library's own words, where there are any.
    public let cause: String?

    public init(_ code: Code, at path: String = "", _ message: String, cause: String? = nil) {
        self.code = code
        self.path = path
        self.message = message
        self.cause = cause
    }

    /// The same error, at a place if it has none.
    public func placed(at path: String) -> PipelineError {
        self.path.isEmpty ? PipelineError(code, at: path, message, cause: cause) : self
    }
}

extension PipelineError: CustomStringConvertible {
    /// `path: message (cause)`.
    public var description: String {
        let place = path.isEmpty ? "" : "\(path): "
        let words = cause.map { " (\($0))" } ?? ""
        return place + message + words
    }
}
