import Glibc
import SyrinxDSP

/// Prints what the native resampler does to sines, or with `calls` what live calls cost: one line for each pair of rates and quality.
///
/// `pipe IN OUT QUALITY` converts raw floats. `cost IN OUT` prints CPU ns a stereo frame: high and best in blocks of 1024, high in calls of 64.
@main
struct Figures {
    static let pairs = [
        (48_000, 44_100), (44_100, 48_000), (96_000, 48_000), (48_000, 16_000), (44_100, 16_000), (24_000, 48_000),
        (48_000, 47_900),
    ]
    static let qualities: [(String, ResamplerQuality)] = [
        ("fast", .fast), ("medium", .medium), ("high", .high), ("best", .best),
    ]

    static func main() {
        let words = CommandLine.arguments
        if words.count == 4, words[1] == "cost", let input = Int(words[2]), let output = Int(words[3]) {
            let costs = [
                Cost.perFrame(from: input, to: output, .high, block: 1_024, rounds: 1),
                Cost.perFrame(from: input, to: output, .best, block: 1_024, rounds: 1),
                Cost.perFrame(from: input, to: output, .high, block: 64, rounds: 1),
            ]
            return print(costs.map { text($0, 3) }.joined(separator: " "))
        }
        if words.count == 5, words[1] == "pipe", let input = Int(words[2]), let output = Int(words[3]),
            let quality = qualities.first(where: { $0.0 == words[4] })?.1
        {
            return Pipe.run(from: input, to: output, quality)
        }
        print("vectors: \(RationalResampler.Vectors.widest)")
        if words.contains("calls") { calls() } else { quality() }
    }

    /// What they do to sines.
    static func quality() {
        print(
            "| rates | quality | ripple dB to 0.9 | gain −0.1 dB at | worst alias or image dB | SNR 1 kHz | SNR 0.81 "
                + "| latency ms |")
        print("|---|---|---:|---:|---:|---:|---:|---:|")
        for (input, output) in pairs {
            for (name, quality) in qualities {
                let sound = Sound(from: input, to: output, quality)
                let latency =
                    1_000
                    * Double(ResamplerTable.Key(inputRate: input, outputRate: output, quality: quality).reach)
                    / Double(input)
                let figures = [
                    text(sound.ripple, 5), text(sound.edge, 4), text(sound.worst, 1), text(sound.low, 1),
                    text(sound.high, 1), text(latency, 2),
                ]
                print("| \(input) → \(output) | \(name) | \(figures.joined(separator: " | ")) |")
            }
        }
    }

    /// What live calls cost.
    static func calls() {
        print(
            "| rates | quality | wall: p50 µs | p99.9 | CPU: p50 µs | p99.9 | dearest kind of call / mean |")
        print("|---|---|---:|---:|---:|---:|---:|")
        for (input, output) in pairs {
            for (name, quality) in qualities where quality == .high || quality == .best {
                let calls = Cost.calls(from: input, to: output, quality)
                let figures = [
                    text(calls.wall.median, 2), text(calls.wall.rare, 2), text(calls.own.median, 2),
                    text(calls.own.rare, 2), text(calls.evenness, 2),
                ]
                print("| \(input) → \(output) | \(name) | \(figures.joined(separator: " | ")) |")
            }
        }
    }

    static func text(_ value: Double, _ digits: Int) -> String {
        let scale = pow(10, Double(digits))
        let whole = Int((abs(value) * scale).rounded())
        var rest = String(whole % Int(scale))
        while rest.count < digits { rest = "0" + rest }
        return (value < 0 ? "−" : "") + "\(whole / Int(scale)).\(rest)"
    }
}
