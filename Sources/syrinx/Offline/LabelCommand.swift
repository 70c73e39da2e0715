internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxHost

/// `syrinx label`
struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Tells where a recording has speech: as JSON, RTTM or Audacity labels.",
        discussion: """
            Speech is found by the node vad; its parameters are set by --set, and `syrinx nodes vad` lists them. A stretch \
            begins and ends where its events say: pre_roll_ms and hangover_ms are part of it.

            Examples:
              syrinx label meeting.wav
              syrinx label meeting.wav meeting.rttm --engine neural
              syrinx label meeting.wav labels.txt --set threshold=0.7 --set hangover_ms=300
            """)

    /// How labels are written.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case json, rttm, audacity
    }

    @Argument(help: ArgumentHelp("The file to be read.", valueName: "in"), completion: .file())
    var input: String

    @Argument(help: ArgumentHelp("The file to be written; left out: standard output.", valueName: "out"))
    var output: String?

    @Option(help: "json, rttm or audacity; left out: what the output's ending says (.json, .rttm, .txt), else json.")
    var format: Format?

    @Option(help: ArgumentHelp("What detects: statistical or neural.", valueName: "engine"))
    var engine: String?

    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Sets a parameter of vad (threshold=0.7). May be repeated.", valueName: "param=value"))
    var sets: [String] = []

    @Flag(help: "Shows no progress on a terminal.")
    var quiet = false

    func validate() throws {
        if input == "-" { throw ValidationError("standard input has no name to label; put the sound in a file") }
        try Settings.validate(sets)
        if format == nil, Self.format(of: output) == nil {
            throw ValidationError("--format: \(output ?? "") does not tell it; expected json, rttm or audacity")
        }
    }

    func run() throws {
        let console = Console()
        let signals = try console.orFail { () throws(PipelineError) in try SignalWatch() }
        signal(SIGPIPE, SIG_IGN)
        let path = output.flatMap { $0 == "-" ? nil : $0 }
        let pass = try FilePass(input, name: "label", signals, console, showsProgress: !quiet)
        let engine = engine.map { [DocumentMember.text("engine", $0)] } ?? []
        let found = try FoundSounds(in: pass, by: "vad", engine + Settings.members(sets), console)
        let text =
            switch format ?? Self.format(of: output) ?? .json {
            case .json: json(found)
            case .rttm: rttm(found)
            case .audacity: audacity(found)
            }
        guard let path else { return try console.print(text) }
        try console.orFail { () throws(PipelineError) in
            let file = try WholeFile(path)
            do throws(PipelineError) { try file.write(Array(text.utf8)) } catch {
                file.discard()
                throw error
            }
            try file.finish()
        }
    }

    /// What a name's ending says; nil where it says nothing.
    private static func format(of output: String?) -> Format? {
        guard let output, output != "-" else { return .json }
        let ending = output.split(separator: ".").last.map { $0.lowercased() } ?? ""
        return ["json": .json, "rttm": .rttm, "txt": .audacity][ending]
    }

    private func json(_ found: FoundSounds) -> String {
        let rate = Double(found.rate)
        let frames = found.sounds.map(\.count).reduce(0, +)
        return Value.object([
            .init("file", .string(input)), .init("rate_hz", .integer(found.rate)),
            .init("frames", .integer(found.length)), .init("seconds", .number(Double(found.length) / rate)),
            .init("speech_s", .number(Double(frames) / rate)),
            .init(
                "segments",
                .list(
                    found.sounds.map {
                        .object([
                            .init("start_s", .number(Double($0.lowerBound) / rate)),
                            .init("end_s", .number(Double($0.upperBound) / rate)),
                            .init("start_frame", .integer($0.lowerBound)), .init("frames", .integer($0.count)),
                        ])
                    })),
        ]).json(pretty: true) + "\n"
    }

    /// NIST's Rich Transcription Time Marked: type, file, channel, begin, duration, and what speech is said by.
    private func rttm(_ found: FoundSounds) -> String {
        let base = input.split(separator: "/").last.map(String.init) ?? input
        let stem = base.lastIndex(of: ".").flatMap { $0 == base.startIndex ? nil : String(base[..<$0]) } ?? base
        let name = String(stem.map { $0.isWhitespace ? "_" : $0 })
        return found.sounds.map {
            "SPEAKER \(name) 1 \(seconds($0.lowerBound, found)) \(seconds($0.count, found)) <NA> <NA> speech <NA> <NA>\n"
        }.joined()
    }

    /// A label track: begin, end, text, with tabs between.
    private func audacity(_ found: FoundSounds) -> String {
        found.sounds.map { "\(seconds($0.lowerBound, found))\t\(seconds($0.upperBound, found))\tspeech\n" }.joined()
    }

    private func seconds(_ frames: Int, _ found: FoundSounds) -> String {
        Figures.fixed(Double(frames) / Double(found.rate), 6)
    }
}
