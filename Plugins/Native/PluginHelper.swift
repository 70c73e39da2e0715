internal import CPluginHost
internal import Glibc
internal import SyrinxCore

/// A process of its own that loads one plugin: to look at it, or to run a node of it.
///
/// - Thread: control, one at a time.
package struct PluginHelper: ~Copyable {
    /// The hidden command that a helper is started with.
    package static let command = "plugin-helper"
    /// How long a plugin may take to answer, in ms.
    static let answerLimit: Int32 = 5_000

    let process: pid_t
    let channel: HelperChannel
    private let file: String

    /// Starts a helper for a plugin's file.
    ///
    /// - Parameter memory: a descriptor that it shares, or −1.
    init(file: String, program: String = Self.thisProgram, memory: Int32 = -1) throws(PipelineError) {
        self.file = file
        var ends: [Int32] = [-1, -1]
        var code = syrinx_helper_channel(&ends)
        if code != 0 { throw Self.failure("it has no sockets for a helper process", code) }
        var process: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [program, Self.command, file].map { (text: String) in
            strdup(text)
        }
        arguments.append(nil)
        let environment = Self.environment().map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        code = syrinx_helper_start(&process, program, arguments, environment, ends[1], memory)
        close(ends[1])
        if code != 0 {
            close(ends[0])
            throw Self.failure("\(program) cannot be started as a helper process", code)
        }
        self.process = process
        channel = HelperChannel(file: ends[0])
    }

    /// What a helper gets to know of this process's environment: where programs, libraries and a user's files lie, language and
    /// time zone, and what a sanitizer was told. Keys and whatever else stands there are none of a plugin's business.
    private static let inherited = [
        "PATH", "LD_LIBRARY_PATH", "HOME", "USER", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_DIRS",
        "XDG_DATA_HOME", "TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY",
        "LC_NUMERIC", "LC_TIME", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS",
    ]

    private static func environment() -> [String] {
        inherited.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }

    deinit {
        close(channel.file)
        _ = syrinx_helper_end(process)
    }

    /// The running program.
    package static var thisProgram: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        return count > 0 ? String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : "syrinx"
    }

    private static func failure(_ message: String, _ code: Int32) -> PipelineError {
        PipelineError(.unavailable, message, cause: String(cString: strerror(code)))
    }

    /// Asks for something.
    ///
    /// - Parameter hear: what the plugin tells meanwhile; no more than a hundred messages.
    /// - Throws: what the helper answers with, or how it ended: by a signal, by its exit code, or not at all.
    func ask(_ question: TokenList, hear: (TokenReader) -> Void = { _ in }) throws(PipelineError) -> TokenReader {
        guard channel.send(question) else { throw ending("when it was asked") }
        for _ in 0...100 {
            guard var answer = channel.receive(within: Self.answerLimit) else { throw ending("instead of an answer") }
            switch answer.text() {
            case "ok": return answer
            case "error": throw PipelineError(.unavailable, at: file, answer.text() ?? "no reason given")
            case HelperChannel.told: hear(answer)
            default: throw PipelineError(.unavailable, at: file, "its helper process answers with nonsense")
            }
        }
        throw PipelineError(.unavailable, at: file, "it talks instead of answering")
    }

    /// How the helper ended.
    private func ending(_ when: String) -> PipelineError {
        var status: Int32 = 0
        for _ in 0..<50 {
            if syrinx_helper_ended(process, &status) != 0 {
                return PipelineError(.unavailable, at: file, "it \(Self.words(status)) \(when)")
            }
            usleep(2_000)
        }
        return PipelineError(.unavailable, at: file, "it hangs: no answer in \(Self.answerLimit / 1000) s")
    }

    /// A wait status in words.
    static func words(_ status: Int32) -> String {
        let signal = status & 0x7F
        if signal == 0 { return "ended with exit code \((status >> 8) & 0xFF)" }
        let name = strsignal(signal).map { String(cString: $0) } ?? "?"
        return "crashed with signal \(signal) (\(name))"
    }
}

extension PluginDescription {
    /// What a file says of itself, asked in a process of its own.
    static func ask(file: String, program: String) throws(PipelineError) -> PluginDescription {
        let helper = try PluginHelper(file: file, program: program)
        var answer = try helper.ask(TokenList(["describe"]))
        guard let description = PluginDescription(from: &answer), answer.isAtEnd else {
            throw PipelineError(.unavailable, at: file, "its helper process answers with nonsense")
        }
        return description
    }
}
