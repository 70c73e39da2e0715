internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxHost

/// `syrinx normalize`
struct NormalizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "normalize", abstract: "Brings a file to a loudness, with true peaks below a ceiling.",
        discussion: """
            Measures the whole file by EBU R128, then writes it with the gain that it lacks. Where peaks would pass the \
            ceiling, a limiter holds them, and the gain is measured again with it until the loudness is met to 0.1 LU; \
            with --linear the gain is made so much smaller instead. Rate, channels, metadata and, where the format has \
            it, the sample format are the input's. The output appears whole or not at all.

            Examples:
              syrinx normalize take.wav episode.wav --lufs -16 --true-peak -1
              syrinx normalize song.flac song-quiet.flac --lufs -23 --linear
            """)

    @OptionGroup var common: FilePassOptions

    @Argument(help: ArgumentHelp("The file to be written.", valueName: "out"), completion: .file())
    var output: String

    @Option(
        name: .customLong("lufs"), parsing: .unconditional,
        help: ArgumentHelp("Integrated loudness of the output, -70…0 LUFS.", valueName: "loudness"))
    var loudness = -16.0

    @Option(
        name: .customLong("true-peak"), parsing: .unconditional,
        help: ArgumentHelp("What no peak of the output passes, -60…0 dBTP.", valueName: "ceiling"))
    var ceiling = -1.0

    @Flag(help: "Never limits: where peaks would pass the ceiling, the output is softer than asked.")
    var linear = false

    @Flag(help: "Measures mono as it sounds from two loudspeakers: 3 LU more.")
    var dualMono = false

    func validate() throws {
        guard (-70...0).contains(loudness) else { throw ValidationError("--lufs: found \(loudness), expected -70…0") }
        guard (-60...0).contains(ceiling) else {
            throw ValidationError("--true-peak: found \(ceiling), expected -60…0")
        }
    }

    func run() throws {
        let console = Console()
        let signals = try console.orFail { () throws(PipelineError) in try SignalWatch() }
        signal(SIGPIPE, SIG_IGN)
        let pass = NormalizePass(
            pass: try FilePass(common.input, name: "normalize", signals, console, showsProgress: !common.quiet),
            dualMono: dualMono)
        try console.reporting(to: common.report) {
            let before = try pass.measure(gain: 0, ceiling: nil)
            let (gain, isLimited) = try find(before, pass, console)
            let after = try pass.measure(
                gain: gain, ceiling: isLimited ? ceiling : nil, to: output, common.members)
            if !common.quiet, Console.isTerminal { show(before, after, gain, isLimited, console) }
            return Self.report(before, after, gain, isLimited)
        }
    }

    /// The gain that brings what was measured to the loudness, and whether the limiter stands behind it.
    private func find(_ before: LoudnessFigures, _ pass: NormalizePass, _ console: Console) throws -> (Double, Bool) {
        guard let level = before.loudness, let peak = before.truePeak else {
            throw console.fail(
                PipelineError(
                    .missingInput, at: common.input,
                    "is silent, or shorter than 0.4 s: it has no loudness to be changed"))
        }
        var gain = loudness - level
        if peak + gain <= ceiling { return (gain, false) }
        if linear { return (ceiling - peak, false) }
        // What the limiter takes away is loudness, too; it is found by measuring, and never much.
        for _ in 0..<6 {
            guard let reached = try pass.measure(gain: gain, ceiling: ceiling).loudness else { break }
            let missing = loudness - reached
            if abs(missing) < 0.05 { break }
            // A limiter that is driven harder gives back only a part.
            gain = min(gain + missing * 1.2, 90)
        }
        return (gain, true)
    }

    private func show(
        _ before: LoudnessFigures, _ after: LoudnessFigures, _ gain: Double, _ isLimited: Bool, _ console: Console
    ) {
        func line(_ path: String, _ figures: LoudnessFigures) -> String {
            "\(Shown.plain(path, limit: 200)): \(figures.loudness.map { Figures.fixed($0, 1) } ?? "?") LUFS, "
                + "true peak \(figures.truePeak.map { Figures.fixed($0, 1) } ?? "?") dBTP"
        }
        console.say(line(common.input, before))
        console.say("\(line(output, after)), gain \(Figures.fixed(gain, 1)) dB" + (isLimited ? ", limited" : ""))
    }

    private static func report(
        _ before: LoudnessFigures, _ after: LoudnessFigures, _ gain: Double, _ isLimited: Bool
    ) -> Value {
        func figures(_ figures: LoudnessFigures) -> Value {
            .object([
                .init("integrated_lufs", figures.loudness.map(Value.number) ?? .null),
                .init("max_true_peak_dbtp", figures.truePeak.map(Value.number) ?? .null),
            ])
        }
        return .object([
            .init("input", figures(before)), .init("output", figures(after)), .init("gain_db", .number(gain)),
            .init("limited", .boolean(isLimited)),
        ])
    }
}
