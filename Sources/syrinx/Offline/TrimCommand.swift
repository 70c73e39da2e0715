internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxHost

/// `syrinx trim`
struct TrimCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trim", abstract: "Takes the silence from a recording's head and tail.",
        discussion: """
            Keeps everything from the first sound to the last, to the sample, with a little before and after. Rate, \
            channels, metadata and, where the format has it, the sample format are the input's. The output appears whole or \
            not at all.

            Examples:
              syrinx trim take.wav take-trimmed.wav
              syrinx trim take.wav tight.flac --threshold -50 --pre-roll 0 --post-roll 0
              syrinx trim answer.wav speech.wav --speech
            """)

    @OptionGroup var common: FilePassOptions

    @Argument(help: ArgumentHelp("The file to be written.", valueName: "out"), completion: .file())
    var output: String

    @OptionGroup var options: SoundOptions

    func run() throws {
        let console = Console()
        let signals = try console.orFail { () throws(PipelineError) in try SignalWatch() }
        signal(SIGPIPE, SIG_IGN)
        try console.reporting(to: common.report) {
            let pass = try FilePass(common.input, name: "trim", signals, console, showsProgress: !common.quiet)
            let (kept, file) = try options.find(in: pass, console)
            let range = kept[0].lowerBound..<kept[kept.count - 1].upperBound
            _ = try pass.run(
                SoundOptions.copy(range, of: common.input, rate: file.rate, to: output, common.members),
                links: ["in -> out"])
            func seconds(_ frames: Int) -> Double { Double(frames) / Double(file.rate) }
            if !common.quiet, Console.isTerminal {
                console.say(
                    "\(Shown.plain(output, limit: 200)): \(Figures.time(seconds(range.count))), without "
                        + "\(Figures.time(seconds(range.lowerBound))) at the head and "
                        + "\(Figures.time(seconds(file.length - range.upperBound))) at the tail")
            }
            return .object([
                .init("start_s", .number(seconds(range.lowerBound))),
                .init("end_s", .number(seconds(range.upperBound))),
                .init("start_frame", .integer(range.lowerBound)), .init("frames", .integer(range.count)),
                .init("input_frames", .integer(file.length)), .init("rate_hz", .integer(file.rate)),
            ])
        }
    }
}
