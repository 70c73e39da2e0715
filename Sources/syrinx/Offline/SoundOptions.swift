internal import ArgumentParser
internal import SyrinxCore

/// How `split` and `trim` find what is to be kept.
struct SoundOptions: ParsableArguments {
    @Flag(help: "Keeps speech, as the node vad finds it, instead of all that is loud enough.")
    var speech = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "From where on it is sound, -120…0 dBFS (-40); with --speech a probability, 0…1 (0.5).", valueName: "level")
    )
    var threshold: Double?

    @Option(help: ArgumentHelp("Shorter pauses belong to the sound.", valueName: "seconds"))
    var minSilence = 0.5

    @Option(help: ArgumentHelp("What is shorter is no sound.", valueName: "seconds"))
    var minSound = 0.02

    @Option(help: ArgumentHelp("How much is kept before a sound.", valueName: "seconds"))
    var preRoll = 0.1

    @Option(help: ArgumentHelp("How much is kept after a sound.", valueName: "seconds"))
    var postRoll = 0.2

    func validate() throws {
        func expect(_ name: String, _ value: Double, in range: ClosedRange<Double>) throws {
            if !range.contains(value) {
                throw ValidationError("--\(name): found \(value), expected \(range.lowerBound)…\(range.upperBound)")
            }
        }
        if let threshold { try expect("threshold", threshold, in: speech ? 0...1 : -120...0) }
        try expect("min-silence", minSilence, in: 0.001...(speech ? 10 : 60))
        try expect("min-sound", minSound, in: 0...(speech ? 2 : 10))
        try expect("pre-roll", preRoll, in: 0...(speech ? 2 : 60))
        try expect("post-roll", postRoll, in: 0...60)
    }

    /// The sounds of a file with their pre- and post-roll, in order; at least one.
    ///
    /// - Returns: in frames, beside the file's length and rate.
    /// - Throws: ``ExitCode``; 66 where there is none. What went wrong has been written to standard error.
    func find(in pass: FilePass, _ console: Console) throws -> (kept: [Range<Int>], file: FoundSounds) {
        let name = speech ? "vad" : "silence"
        var parameters: [DocumentMember] = [
            .number(speech ? "hangover_ms" : "min_silence_ms", minSilence * 1000),
            .number(speech ? "min_speech_ms" : "min_sound_ms", minSound * 1000),
        ]
        if let threshold { parameters.append(.number(speech ? "threshold" : "threshold_dbfs", threshold)) }
        // The detector knows best what lies before the moment in which it was sure.
        if speech { parameters.append(.number("pre_roll_ms", preRoll * 1000)) }
        let found = try FoundSounds(in: pass, by: name, parameters, withoutHangover: true, console)
        func frames(_ seconds: Double) -> Int { Int((seconds * Double(found.rate)).rounded()) }
        let kept = found.widened(before: speech ? 0 : frames(preRoll), after: frames(postRoll))
        if kept.isEmpty {
            throw console.fail(
                PipelineError(
                    .missingInput, at: pass.input,
                    speech
                        ? "no speech was found in it; a lower --threshold finds more"
                        : "nothing in it reaches \(Figures.short(threshold ?? -40)) dBFS for \(minSound) s; lower "
                            + "--threshold"))
        }
        return (kept, found)
    }

    /// The nodes that write a stretch of the file.
    static func copy(
        _ range: Range<Int>, of input: String, rate: Int, to output: String, _ settings: [DocumentMember]
    ) -> [DocumentNode] {
        [
            DocumentNode(
                id: "in", type: "file.source",
                parameters: [
                    .text("path", input), .number("start_s", Double(range.lowerBound) / Double(rate)),
                    .number("duration_s", Double(range.count) / Double(rate)),
                ]),
            DocumentNode(id: "out", type: "file.sink", parameters: [.text("path", output)] + settings),
        ]
    }
}
