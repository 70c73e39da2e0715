import SyrinxCore
import Testing

@testable import FilePlugin

@Suite("file.source and file.sink")
struct RoundTripTests {
    let folder = Folder()

    @Test("f32 WAV keeps every bit, NaN, infinities and signed zeros among them")
    func floatBits() throws {
        var samples = Noise.channels(2, frames: 20_001)
        samples[0][3] = .nan
        samples[1][4] = .infinity
        samples[0][5] = -0.0
        samples[1][6] = Float.leastNonzeroMagnitude * 5
        samples[0][7] = 17.5
        try writeFile(folder["a.wav"], samples, ["subtype": "f32"])
        let take = try readFile(folder["a.wav"])
        #expect(difference(bits(take.samples), bits(samples)) == nil)
        #expect(take.rate == 48_000)
        #expect(take.end == .after(frames: 20_001))
        try writeFile(folder["b.wav"], take.samples, facts: take.facts)
        #expect(difference([readBytes(folder["a.wav"])], [readBytes(folder["b.wav"])]) == nil)
    }

    @Test(
        "integers of every width come back as they were, in every container that keeps them",
        arguments: [
            ("wav", "u8", 8), ("wav", "s16", 16), ("wav", "s24", 24), ("wav", "s32", 24), ("aiff", "s8", 8),
            ("aiff", "u8", 8), ("aiff", "s16", 16), ("aiff", "s24", 24), ("aiff", "s32", 24), ("flac", "s8", 8),
            ("flac", "s16", 16), ("flac", "s24", 24), ("caf", "s16", 16), ("caf", "s24", 24), ("caf", "alac_16", 16),
            ("w64", "s24", 24), ("rf64", "s16", 16), ("rf64", "s24", 24), ("au", "s16", 16),
            ("au", "s24", 24), ("wavex", "s24", 24),
        ])
    func integers(format: String, subtype: String, bits width: Int) throws {
        let samples = Noise.steps(width, channels: 2, frames: 9_001)
        let figures = try writeFile(
            folder["a.x"], samples, ["format": .string(format), "subtype": .string(subtype), "dither": "none"])
        let take = try readFile(folder["a.x"])
        #expect(difference(take.samples, samples) == nil)
        #expect(take.fact("subtype") == .string(subtype))
        #expect(figures["clipped"] == .integer(0))
        #expect(figures["frames"] == .integer(9_001))
    }
}
