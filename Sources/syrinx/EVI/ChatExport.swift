internal import ArgumentParser
internal import SyrinxCore
internal import SyrinxEVI

/// How the history of a chat is written, as text, JSON or subtitles.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, srt, vtt

    /// What a file's name asks for; text if it asks for nothing known.
    init(path: String?) {
        let ending = path?.split(separator: "/").last?.split(separator: ".").dropFirst().last?.lowercased()
        self = ending.flatMap(Self.init(rawValue:)) ?? .text
    }

    /// - Parameters:
    ///   - word: what `head` is: `chat`.
    ///   - start: when it began.
    func encoded(_ word: String, _ head: Value, _ events: [ChatEvent], start: Timestamp?) -> String {
        let transcript = ChatTranscript(events, start: start)
        switch self {
        case .text: return transcript.encoded(.text)
        case .srt: return transcript.encoded(.srt)
        case .vtt: return transcript.encoded(.vtt)
        case .json:
            let members = [Value.Member(word, head), .init("events", .list(events.map(\.value)))]
            return EVIOutput.json(.object(members))
        }
    }
}

/// Where an export goes.
struct ExportOptions: ParsableArguments {
    @Option(help: "How to write it; left out: what the output's name ends in, else text.")
    var format: ExportFormat?

    @Option(
        name: [.short, .long], help: ArgumentHelp("The file to write; left out: standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        name: .customLong("audio-wait"),
        help: ArgumentHelp("How long the server may take to put the audio together.", valueName: "seconds"))
    var audioWait = 300

    func validate() throws {
        guard (1...86_400).contains(audioWait) else { throw ValidationError("--audio-wait: expected 1 to 86400 s") }
    }

    var patience: Moment { .seconds(audioWait) }

    func write(_ text: (ExportFormat) -> String, _ console: Console) throws {
        guard let output, output != "-" else { return try console.print(text(format ?? .text)) }
        let file = try WholeFile(output)
        do {
            try file.write(Array(console.mask.mask(text(format ?? ExportFormat(path: output))).utf8))
        } catch {
            file.discard()
            throw error
        }
        try file.finish()
    }
}

extension EVIAccess {
    func sayAudioTakesAWhile() {
        if Console.isTerminal { console.say("waiting until the server has put the audio together…") }
    }

    /// Fetches the audio of a chat into a file.
    ///
    /// - Throws: for audio that is not ready as for what cannot be fetched or written; then there is no file.
    func fetch(_ audio: AudioReconstruction, to path: String) async throws {
        let place = "chat \(Shown.plain(audio.id))"
        guard case .ready(let address) = audio.progress else {
            let status = if case .failed(let status) = audio.progress { Shown.plain(status) } else { "not ready" }
            throw PipelineError(.unavailable, at: place, "the server could not put the audio together (\(status))")
        }
        let file = try WholeFile(path)
        let count: Int
        do {
            count = try await rest.download(address, at: place) { piece throws(PipelineError) in try file.write(piece) }
        } catch {
            file.discard()
            throw error
        }
        try file.finish()
        console.say("\(Shown.plain(path, limit: 200)): \(Figures.bytes(count))")
    }
}
