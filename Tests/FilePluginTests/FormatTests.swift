import Glibc
import SyrinxCore
import Testing

@testable import FilePlugin

@Suite("every format")
struct FormatTests {
    let folder = Folder()

    /// What each writable combination must keep: the error's level below the signal's, in dB.
    static let combinations: [(format: String, subtype: String, rate: Int, channels: Int)] = Container.all.flatMap {
        container in
        Subtype.all.compactMap { subtype in
            let rate =
                subtype.name == "opus"
                ? 48_000
                : ["vox_adpcm", "gsm610", "wve"].contains(subtype.name) || container.name == "wve" ? 8_000 : 44_100
            for channels in [2, 1] where container.canHold(subtype, rate: rate, channels: channels) {
                return (container.name, subtype.name, rate, channels)
            }
            return nil
        }
    }

    @Test("libsndfile 1.2 writes at least a hundred combinations of format and subtype")
    func count() {
        #expect(Self.combinations.count >= 100, "\(Self.combinations.count)")
        for name in ["wav", "rf64", "w64", "aiff", "caf", "flac", "ogg", "opus", "mp3", "raw", "au"] {
            #expect(Self.combinations.contains { $0.format == name }, "\(name)")
        }
    }

    @Test("a tone comes back at its level from every combination", arguments: combinations)
    func tone(format: String, subtype: String, rate: Int, channels: Int) throws {
        let tone = sine(440, rate: rate, frames: rate, amplitude: 0.5)
        let path = folder["tone.x"]
        try writeFile(
            path, Array(repeating: tone, count: channels), rate: rate,
            ["format": .string(format), "subtype": .string(subtype)])
        #expect(folder.contents == ["tone.x"])
        // Files without a header, or without a trace of theirs, are described by hand.
        var values: [String: Value] = [:]
        if format == "raw" {
            guard FileSourceNode.descriptor.parameters.first(where: { $0.name == "subtype" })!.accepts(subtype) else {
                return
            }
            values = [
                "format": "raw", "rate_hz": .integer(rate), "channels": .integer(channels), "subtype": .string(subtype),
            ]
        }
        let take = try readFile(path, values)
        // HTK tells the rate in steps of 100 ns, SVX, SDS and VOC in steps of their own.
        #expect(abs(take.rate - rate) <= rate / 100)
        #expect(take.samples.count == channels)
        #expect(take.frames >= rate, "\(take.frames) frames")
        #expect(take.frames <= rate + 2_400, "\(take.frames) frames")  // a codec may fill up its last block
        let middle = take.samples[0].dropFirst(rate / 4).prefix(rate / 2)
        #expect(abs(level(middle) - level(tone)) < 1, "\(level(middle)) dB instead of \(level(tone)) dB")
    }

    @Test(
        "a lossless or linear file differs from what went in by no more than its step",
        arguments: [
            ("wav", "u8", 8), ("wav", "s16", 16), ("aiff", "s24", 24), ("flac", "s16", 16), ("caf", "alac_16", 16),
            ("caf", "alac_20", 20), ("caf", "alac_24", 24), ("caf", "alac_32", 24), ("w64", "s32", 24),
            ("au", "f64", 30),
        ])
    func accuracy(format: String, subtype: String, bits: Int) throws {
        let tone = sine(440, rate: 48_000, frames: 20_000, amplitude: 0.9)
        try writeFile(
            folder["a.x"], [tone, tone.map { -$0 }],
            ["format": .string(format), "subtype": .string(subtype), "dither": "none"])
        let take = try readFile(folder["a.x"])
        let worst = zip(take.samples[0], tone).map { abs($0 - $1) }.max() ?? 1
        #expect(worst <= Float(exp2(Double(-bits))) * 1.001)
        #expect(take.frames == 20_000)
    }

    @Test("sox and ffmpeg read our WAV as it was written", arguments: ["s16", "s24", "f32", "ulaw"])
    func others(subtype: String) throws {
        let samples = Noise.steps(8, channels: 3, frames: 5_000)
        try writeFile(folder["a.wav"], samples, ["subtype": .string(subtype)])
        let take = try readFile(folder["a.wav"])
        #expect(run("sox \(folder["a.wav"]) -e float -b 32 \(folder["sox.wav"]) 2>/dev/null") == 0)
        #expect(difference(try readFile(folder["sox.wav"]).samples, take.samples) == nil)
        #expect(run("ffmpeg -loglevel error -i \(folder["a.wav"]) -c:a pcm_f32le \(folder["ffmpeg.wav"])") == 0)
        #expect(difference(try readFile(folder["ffmpeg.wav"]).samples, take.samples) == nil)
    }

    @Test(
        "the file's name tells the format",
        arguments: [("a.AIF", "aiff"), ("b.oga", "ogg"), ("c.flac", "flac"), ("d.opus", "opus")])
    func ending(name: String, format: String) throws {
        try writeFile(folder[name], [sine(440, rate: 48_000, frames: 4_800)])
        #expect(try readFile(folder[name]).fact("format") == .string(format))
    }

    @Test("a higher quality makes larger Ogg files, a harder compression smaller FLAC files")
    func quality() throws {
        let noise = Noise.channels(1, frames: 48_000).map { channel in channel.map { $0 * 0.1 } }
        func size(_ name: String, _ quality: Double) throws -> Int {
            let tone = zip(noise[0], sine(220, rate: 48_000, frames: 48_000)).map { $0 * 0.05 + $1 }
            try writeFile(folder[name], [tone], ["quality_ratio": .number(quality)])
            return readBytes(folder[name]).count
        }
        #expect(try size("a.ogg", 0.1) < size("b.ogg", 0.9))
        #expect(try size("a.flac", 1) < size("b.flac", 0))
        #expect(try size("a.mp3", 0.1) < size("b.mp3", 0.9))
    }
}

extension ParameterDescriptor {
    func accepts(_ word: String) -> Bool {
        guard case .choice(let words) = kind else { return false }
        return words.contains(word)
    }
}
