internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxHost

/// `syrinx split`
struct SplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split", abstract: "Splits a recording at silence into files, with a manifest.",
        discussion: """
            What is louder than the threshold goes into files, one for each sound, to the sample: with the silences \
            between them they are the recording again. The folder appears with all of them or not at all; it must be new \
            or empty. Rate, channels and, where the format has it, the sample format are the input's.

            manifest.jsonl has a line for every file: file, start_s, end_s, start_frame, frames, peak_dbfs.

            Examples:
              syrinx split interview.wav takes/
              syrinx split lesson.flac words/ --threshold -50 --min-silence 0.3 --format wav
              syrinx split meeting.wav turns/ --speech
            """)

    @OptionGroup var common: FilePassOptions

    @Argument(help: ArgumentHelp("The folder to be made.", valueName: "folder"), completion: .directory)
    var folder: String

    @OptionGroup var options: SoundOptions

    @Option(help: ArgumentHelp("The files' format, as an ending; left out: the input's.", valueName: "ending"))
    var format: String?

    func validate() throws {
        if folder == "-" || folder.isEmpty { throw ValidationError("expected the name of a folder") }
        if let format, format.isEmpty || format.contains("/") {
            throw ValidationError("--format: found \(format), expected an ending, as in wav")
        }
    }

    func run() throws {
        let console = Console()
        let signals = try console.orFail { () throws(PipelineError) in try SignalWatch() }
        signal(SIGPIPE, SIG_IGN)
        try console.reporting(to: common.report) {
            let target = try console.orFail { () throws(PipelineError) in try WholeFolder(folder) }
            let figures: Value
            do {
                figures = try fill(target, signals, console)
            } catch {
                target.discard()
                throw error
            }
            try console.orFail { () throws(PipelineError) in try target.finish() }
            return figures
        }
    }

    /// Writes the files and their manifest. Returns: the report.
    private func fill(_ target: WholeFolder, _ signals: SignalWatch, _ console: Console) throws -> Value {
        let finding = try FilePass(common.input, name: "split", signals, console, showsProgress: !common.quiet)
        let (kept, file) = try options.find(in: finding, console)
        let copying = try FilePass(common.input, name: "split", signals, console, showsProgress: false)
        var manifest = ""
        for (index, range) in kept.enumerated() {
            let name = name(index + 1)
            let report = try copying.run(
                SoundOptions.copy(
                    range, of: common.input, rate: file.rate, to: "\(target.part)/\(name)", common.members),
                links: ["in -> out"])
            guard case .integer(range.count)? = report.figure("out", "frames") else {
                throw console.fail(
                    PipelineError(
                        .inputOutput, at: common.input,
                        "gave other samples than before while \(name) was written; is it changing?"))
            }
            let line = Value.object(
                Self.place(range, rate: file.rate, name) + [
                    .init("peak_dbfs", report.figure("out", "peak_dbfs") ?? .null)
                ])
            manifest += line.json() + "\n"
        }
        try console.orFail { () throws(PipelineError) in
            let list = try WholeFile("\(target.part)/manifest.jsonl")
            do throws(PipelineError) { try list.write(Array(manifest.utf8)) } catch {
                list.discard()
                throw error
            }
            try list.finish()
        }
        let frames = kept.map(\.count).reduce(0, +)
        let seconds = Double(frames) / Double(file.rate)
        if !common.quiet, Console.isTerminal {
            console.say(
                "\(Shown.plain(target.path, limit: 200)): \(Figures.count(kept.count, "file")), \(Figures.time(seconds)) of "
                    + Figures.time(Double(file.length) / Double(file.rate)))
        }
        return .object([
            .init("files", .integer(kept.count)), .init("frames", .integer(frames)), .init("seconds", .number(seconds)),
            .init("input_frames", .integer(file.length)), .init("rate_hz", .integer(file.rate)),
        ])
    }

    private func name(_ number: Int) -> String {
        let base = common.input.split(separator: "/").last.map(String.init) ?? common.input
        let dot = base.lastIndex(of: ".").flatMap { $0 == base.startIndex ? nil : $0 }
        let stem = dot.map { String(base[..<$0]) } ?? base
        let ending = format ?? dot.map { String(base[base.index(after: $0)...]) } ?? "wav"
        let digits = String(number)
        return stem + "-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "." + ending
    }

    /// Where a stretch lies, for manifests.
    private static func place(_ range: Range<Int>, rate: Int, _ name: String) -> [Value.Member] {
        [
            .init("file", .string(name)), .init("start_s", .number(Double(range.lowerBound) / Double(rate))),
            .init("end_s", .number(Double(range.upperBound) / Double(rate))),
            .init("start_frame", .integer(range.lowerBound)), .init("frames", .integer(range.count)),
        ]
    }
}
