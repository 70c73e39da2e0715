internal import Glibc
internal import SyrinxCore

/// The system's own words for an error number.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }

/// How a path is shown in messages.
func shown(_ path: String, output: Bool = false) -> String {
    path == "-" ? (output ? "standard output" : "standard input") : path
}

extension PipelineError {
    /// An input that cannot be opened.
    static func cannotRead(_ path: String, _ code: Int32) -> PipelineError {
        let why =
            switch code {
            case ENOENT: "there is no such file"
            case EACCES, EPERM: "no permission to read it"
            case EISDIR: "it is a directory, expected an audio file"
            default: "cannot open it"
            }
        return PipelineError(.missingInput, at: shown(path), why, cause: systemMessage(code))
    }

    /// An output that cannot be made.
    static func cannotWrite(_ path: String, _ code: Int32) -> PipelineError {
        let why =
            switch code {
            case ENOENT: "cannot create it: its folder does not exist"
            case EACCES, EPERM, EROFS: "cannot create it: no permission to write there"
            case EISDIR: "cannot create it: it is a directory"
            case ENOSPC, EDQUOT: "cannot create it: the disk is full"
            default: "cannot create it"
            }
        return PipelineError(.cannotCreate, at: shown(path, output: true), why, cause: systemMessage(code))
    }

    /// Writing that failed on the way.
    static func writingFailed(_ path: String, _ code: Int32, after bytes: Int, isWhole: Bool) -> PipelineError {
        let untouched = isWhole ? "; the target is untouched" : ""
        let why =
            switch code {
            case ENOSPC, EDQUOT: "the disk is full after \(bytes) bytes\(untouched)"
            case EPIPE: "whoever read it has gone, after \(bytes) bytes"
            case EFBIG: "the file is larger than the system allows, after \(bytes) bytes\(untouched)"
            default: "writing failed after \(bytes) bytes\(untouched)"
            }
        return PipelineError(.inputOutput, at: shown(path, output: true), why, cause: systemMessage(code))
    }
}
