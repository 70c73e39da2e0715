internal import CALSA
internal import Glibc
internal import SyrinxCore

/// alsa-lib as a whole: its words, which go to errors and not to the terminal.
enum ALSALibrary {
    private static let isQuiet: Bool = {
        syrinx_alsa_keep_words()
        return true
    }()

    /// Calls alsa-lib; what it says meanwhile is kept for the error.
    ///
    /// - Returns: the result, and its words; nil where it said nothing.
    /// - Thread: any.
    static func call<T>(_ body: () -> T) -> (result: T, words: String?) {
        _ = isQuiet
        syrinx_alsa_forget_words()
        let result = body()
        var words = String(cString: syrinx_alsa_last_words())
        while words.last?.isWhitespace == true { words.removeLast() }
        return (result, words.isEmpty ? nil : words)
    }

    /// alsa-lib's name for an error number.
    static func message(_ code: Int32) -> String { String(cString: snd_strerror(code)) }

    /// The error for a call that failed.
    static func error(_ what: String, _ code: Int32, words: String? = nil) -> PipelineError {
        let hint =
            switch -code {
            case EBUSY: ": another program has it"
            case ENOENT, ENODEV, ENXIO: ": there is no such device; syrinx devices lists what there is"
            case EACCES, EPERM: ": no permission; be in the group audio"
            default: ""
            }
        let cause = [message(code), words].compactMap { $0 }.joined(separator: "; ")
        return PipelineError(.unavailable, at: "alsa", what + hint, cause: cause)
    }
}
