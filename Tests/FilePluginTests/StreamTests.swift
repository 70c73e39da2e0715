import Glibc
import SyrinxCore
import Testing

@testable import FilePlugin

@Suite("pipes")
struct StreamTests {
    let folder = Folder()

    /// Runs a shell command beside the body.
    private func beside(_ command: String, _ body: () throws -> Void) throws {
        let pipe = popen(command, "w")
        try body()
        pclose(pipe)
    }

    @Test("WAV and AU of other programs are read from a pipe as from a file", arguments: ["wav", "au"])
    func reading(format: String) throws {
        let fifo = folder["fifo"]
        mkfifo(fifo, 0o600)
        let file = folder["a.\(format)"]
        let samples = Noise.steps(16, channels: 2, frames: 50_001)
        try writeFile(file, samples, ["subtype": "s16", "dither": "none"])
        for command in [
            "cat \(file)", "sox \(file) -t \(format) - 2>/dev/null", "ffmpeg -loglevel error -i \(file) -f \(format) -",
        ] {
            try beside("\(command) > \(fifo)") {
                let take = try readFile(fifo, cuts: Cuts([64, 1_000]))
                #expect(take.end == .whenRead)
                #expect(difference(take.samples, samples) == nil, "\(command)")
            }
        }
    }

    @Test("compressed formats are read from a pipe, start_s included", arguments: ["flac", "ogg", "mp3"])
    func compressed(ending: String) throws {
        let (fifo, file) = (folder["fifo"], folder["a.\(ending)"])
        mkfifo(fifo, 0o600)
        try writeFile(file, [sine(440, rate: 48_000, frames: 48_000)])
        try beside("cat \(file) > \(fifo)") {
            let (take, expected) = (try readFile(fifo, ["start_s": 0.5]), try readFile(file, ["start_s": 0.5]))
            #expect(difference(take.samples, expected.samples) == nil)
        }
        #expect(folder.contents == ["a.\(ending)", "fifo"])
    }

    @Test("start_s and duration_s of a pipe drop what is not asked for")
    func region() throws {
        let (fifo, file) = (folder["fifo"], folder["a.wav"])
        mkfifo(fifo, 0o600)
        try writeFile(file, [Noise.channels(1, frames: 30_000)[0]], rate: 10_000, ["subtype": "f32"])
        let expected = try readFile(file, ["start_s": 1.5, "duration_s": 0.7])
        try beside("cat \(file) > \(fifo)") {
            let take = try readFile(fifo, ["start_s": 1.5, "duration_s": 0.7])
            #expect(difference(take.samples, expected.samples) == nil)
        }
    }

    @Test("samples that come in odd pieces are put together", arguments: ["s24", "ulaw", "alaw", "f64", "s32", "u8"])
    func pieces(subtype: String) throws {
        let (fifo, file) = (folder["fifo"], folder["a.wav"])
        mkfifo(fifo, 0o600)
        try writeFile(file, Noise.channels(3, frames: 700), ["subtype": .string(subtype)])
        try beside("dd if=\(file) of=\(fifo) bs=101 2>/dev/null") {
            let (take, expected) = (try readFile(fifo), try readFile(file))
            #expect(difference(take.samples, expected.samples) == nil)
        }
    }

    @Test("raw samples are read from a pipe")
    func raw() throws {
        let fifo = folder["fifo"]
        mkfifo(fifo, 0o600)
        try beside("printf '\\100\\000\\300\\000' > \(fifo)") {
            let take = try readFile(fifo, ["format": "raw", "rate_hz": 8_000, "byte_order": "big"])
            let expected: [Float] = [0.5, -0.5]
            #expect(difference(take.samples, [expected]) == nil)
        }
    }

    @Test(
        "what can be streamed is read by others at the other end of a pipe",
        arguments: [
            ("wav", "s16"), ("wav", "f32"), ("wav", "ulaw"), ("au", "s24"), ("au", "alaw"), ("flac", "s16"),
            ("ogg", "vorbis"),
            ("opus", "opus"),
        ])
    func writing(format: String, subtype: String) throws {
        let (fifo, out) = (folder["fifo"], folder["out.\(format)"])
        mkfifo(fifo, 0o600)
        let tone = sine(440, rate: 48_000, frames: 100_000)
        try beside("cat \(fifo) > \(out)") {
            try writeFile(fifo, [tone, tone], ["format": .string(format), "subtype": .string(subtype)])
        }
        let take = try readFile(out)
        #expect(take.frames == 100_000)
        #expect(take.fact("subtype") == .string(subtype))
        #expect(abs(level(take.samples[1]) - level(tone)) < 0.5)
        #expect(run("ffmpeg -loglevel error -i \(out) -c:a pcm_f32le \(folder["b.wav"])") == 0)
        let other = try readFile(folder["b.wav"])
        #expect(abs(other.frames - 100_000) <= 1_000, "\(other.frames)")
        #expect(folder.contents == ["b.wav", "fifo", "out.\(format)"].sorted())
    }

    @Test("raw samples go to a pipe without a header")
    func writingRaw() throws {
        let (fifo, out) = (folder["fifo"], folder["out"])
        mkfifo(fifo, 0o600)
        try beside("cat \(fifo) > \(out)") {
            try writeFile(fifo, [[0.5, -0.5]], ["format": "raw", "subtype": "s16", "dither": "none"])
        }
        #expect(difference([readBytes(out)], [[0, 0x40, 0, 0xC0]]) == nil)
    }

    @Test("a format that must be gone back in is refused on a pipe, with those that can be had")
    func refused() throws {
        let error = failure {
            _ = try makeNode(FileSinkNode.self, ["path": "-", "format": "aiff"])
                .resolve(FormatRequest(access: .nothing, inputs: [nil], masterRate: nil))
        }
        #expect(error?.code == .invalidParameter)
        #expect(error?.description.contains("wav, au, raw, flac, ogg, opus") == true, "\(error?.description ?? "none")")
        let nameless = failure { _ = try makeNode(FileSinkNode.self, ["path": "-"]) }
        #expect(nameless?.description.contains("format") == true)
    }

    @Test("a reader that goes away is one clear error")
    func brokenPipe() throws {
        let fifo = folder["fifo"]
        mkfifo(fifo, 0o600)
        let error = failure {
            try beside("head -c 1000 \(fifo) > /dev/null") {
                try writeFile(fifo, Noise.channels(2, frames: 400_000), ["format": "wav"])
            }
        }
        #expect(error?.code == .inputOutput)
        #expect(error?.message.contains("whoever read it has gone") == true, "\(error?.description ?? "none")")
    }

    @Test("a sink that waits for a FIFO's reader can be cancelled")
    func waitingSink() throws {
        let fifo = folder["fifo"]
        mkfifo(fifo, 0o600)
        try writeFile(fifo, Noise.channels(1, frames: 1_000), ["format": "wav"], stopBefore: 0)
        #expect(folder.contents == ["fifo"])
    }

    @Test("/dev/null takes every format", arguments: ["wav", "aiff", "flac", "caf"])
    func null(format: String) throws {
        let figures = try writeFile("/dev/null", Noise.channels(1, frames: 9_000), ["format": .string(format)])
        #expect(figures["frames"] == .integer(9_000))
    }
}
