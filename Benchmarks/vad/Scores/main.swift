import Glibc
import SyrinxCore
import SyrinxTestKit
import VoicePlugin

// vad-scores FILE.wav [speech]: the node vad at its default settings over a 16-bit mono WAV file, in blocks of 10 ms.
// Prints what its output `probability` (or `speech`) tells at the end of each 10 ms, then what 10 ms cost.

func fail(_ message: String) -> Never {
    let line = "vad-scores: \(message)\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
    exit(1)
}

/// The samples of a 16-bit mono WAV file, and its rate.
func read(_ path: String) -> (samples: [Float], rate: Int) {
    guard let file = fopen(path, "rb") else { fail("cannot open \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&piece, 1, piece.count, file)
        if count == 0 { break }
        bytes += piece[..<count]
    }
    func word(_ at: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | (at + $1 < bytes.count ? Int(bytes[at + $1]) << (8 * $1) : 0) }
    }
    var (place, rate) = (12, 0)
    while place + 8 <= bytes.count {
        let (name, length) = (bytes[place..<place + 4], word(place + 4, 4))
        if name.elementsEqual("fmt ".utf8) {
            rate = word(place + 12, 4)
            if word(place + 10, 2) != 1 || word(place + 22, 2) != 16 { fail("\(path) is not 16-bit mono") }
        } else if name.elementsEqual("data".utf8) {
            let samples = stride(from: place + 8, to: min(place + 8 + length, bytes.count - 1), by: 2).map {
                Float(Int16(truncatingIfNeeded: word($0, 2))) / 32_768
            }
            return (samples, rate)
        }
        place += 8 + length + length % 2
    }
    fail("\(path) has no samples")
}

if CommandLine.arguments.count < 2 { fail("expected a WAV file") }
let (samples, rate) = read(CommandLine.arguments[1])
let port = CommandLine.arguments.dropFirst(2).first == "speech" ? 2 : 1
do {
    let vad = try NodeHarness(VADNode.self, inputs: [StreamFormat(rate: rate, channels: 1)], largestBlock: rate / 100)
    let start = clock()
    // One value more than the file has milliseconds: what is known at its end.
    let rendered = try vad.render([[samples]], frames: samples.count + rate / 1_000, cuts: [rate / 100])
    let nanoseconds = Double(clock() - start) * 1e9 / Double(CLOCKS_PER_SEC)
    let values = rendered.outputs[port][0]
    let frames = samples.count * 100 / rate
    for frame in 0..<frames { print(values[min((frame + 1) * 10, values.count - 1)]) }
    // The harness that feeds the node is part of it.
    print("# ns_per_frame \(nanoseconds / Double(max(1, frames)))")
} catch { fail("\(error)") }
