import Glibc
import SyrinxCore
import SyrinxSoundFile
import Testing

@testable import FilePlugin

@Suite("odd files and full disks")
struct OddFileTests {
    let folder = Folder()

    /// The one sentence about an input that cannot be read.
    private func sentence(_ path: String) -> String {
        let error = failure { _ = try readFile(path) }
        #expect(error == nil || error?.code == .missingInput)
        return error?.description ?? "no error"
    }

    @Test("inputs that cannot be read are one clear sentence each")
    func inputs() throws {
        #expect(sentence(folder["none.wav"]).contains("there is no such file"))
        #expect(sentence(folder.path).contains("it is a directory, expected an audio file"))
        writeBytes(folder["text.wav"], Array("Dear diary, this is no sound at all.\n".utf8))
        #expect(sentence(folder["text.wav"]).contains("it is no audio file that can be read"))
        writeBytes(folder["empty.wav"], [])
        #expect(sentence(folder["empty.wav"]).contains("it is empty"))
        writeBytes(folder["short.wav"], Array("RIFF".utf8))
        #expect(sentence(folder["short.wav"]).contains("it is no audio file that can be read"))
        writeBytes(folder["short.flac"], Array("fLaC".utf8))
        #expect(sentence(folder["short.flac"]).contains("it is no audio file that can be read"))
    }

    @Test("a file that may not be read says so", .enabled(if: geteuid() != 0, "root may read everything"))
    func permission() {
        writeBytes(folder["a.wav"], [0])
        chmod(folder["a.wav"], 0)
        #expect(sentence(folder["a.wav"]).contains("no permission to read it"))
    }

    @Test("a truncated WAV gives what is there and says what is missing")
    func truncated() throws {
        let samples = Noise.steps(16, channels: 2, frames: 10_000)
        try writeFile(folder["a.wav"], samples, ["subtype": "s16", "dither": "none"])
        #expect(truncate(folder["a.wav"], 20_081) == 0)
        let take = try readFile(folder["a.wav"])
        #expect(take.frames == 5_000)
        #expect(difference(take.samples, samples.map { Array($0[..<5_000]) }) == nil)
        #expect(take.events.map(\.name) == ["truncated"])
        #expect(take.events.first?.fields.contains(.init("missing_frames", 5_000)) == true)
        #expect(take.fact("missing_frames") == .integer(5_000))
    }

    @Test("a truncated FLAC gives what is there and says what is missing")
    func truncatedFLAC() throws {
        try writeFile(folder["a.flac"], Noise.channels(1, frames: 40_000), ["subtype": "s16"])
        #expect(truncate(folder["a.flac"], 40_000) == 0)
        let take = try readFile(folder["a.flac"])
        #expect(take.frames > 10_000)
        #expect(take.frames < 40_000)
        #expect(take.events.map(\.name) == ["truncated"])
    }

    @Test("8 channels, 64-bit floats, 8 unsigned bits and big-endian AIFF are read")
    func odd() throws {
        let eight = Noise.steps(8, channels: 8, frames: 1_000)
        for (name, subtype) in [
            ("a.wav", "f64"), ("b.wav", "u8"), ("c.aiff", "s16"), ("d.aiff", "f32"), ("e.caf", "f64"),
        ] {
            try writeFile(folder[name], eight, ["subtype": .string(subtype), "dither": "none"])
            #expect(difference(try readFile(folder[name]).samples, eight) == nil, "\(name)")
        }
    }

    @Test("more than 1024 channels are refused")
    func tooWide() throws {
        let header = WaveHeader(rate: 8_000, channels: 1_025, coding: .integer, width: 1, isStream: false)
        writeBytes(folder["a.wav"], header.bytes(dataBytes: 2_050) + [UInt8](repeating: 128, count: 2_050))
        let text = sentence(folder["a.wav"])
        #expect(text.contains("channels") || text.contains("it is no audio file that can be read"), "\(text)")
        mkfifo(folder["fifo"], 0o600)
        let pipe = popen("cat \(folder["a.wav"]) > \(folder["fifo"])", "w")
        #expect(sentence(folder["fifo"]).contains("it has 1025 channels, expected at most 1024"))
        pclose(pipe)
        let wide = (0..<1_024).map { channel in (0..<20).map { Float($0 + channel) * 0x1p-12 } }
        try writeFile(folder["b.wav"], wide, ["subtype": "s16", "dither": "none"])
        #expect(difference(try readFile(folder["b.wav"]).samples, wide) == nil)
    }

    @Test("damaged files neither crash nor hang", arguments: ["wav", "flac", "ogg", "aiff", "caf", "mp3", "w64"])
    func damaged(ending: String) throws {
        try writeFile(folder["a.\(ending)"], Noise.channels(2, frames: 3_000))
        let whole = readBytes(folder["a.\(ending)"])
        var noise = Noise(seed: 7)
        for _ in 0..<60 {
            var bytes = whole
            for _ in 0..<4 {
                // Mostly the headers.
                let span = noise.next() % 4 == 0 ? bytes.count : min(bytes.count, 120)
                bytes[Int(noise.next() % UInt64(span))] = UInt8(truncatingIfNeeded: noise.next())
            }
            let path = folder["b.\(ending)"]
            writeBytes(path, bytes)
            do {
                let take = try readFile(path, limit: 20_000)
                #expect(take.frames <= 20_000)
            } catch {
                #expect([.missingInput, .inputOutput].contains(error.code), "\(error)")
            }
            if ending == "wav" {
                // Through a pipe too, which holds the bytes from before it is opened here.
                let pipe = popen("cat \(path)", "r")!
                _ = try? readFile("/dev/fd/\(fileno(pipe))", limit: 20_000)
                pclose(pipe)
            }
        }
    }

    @Test("a descriptor stays its owner's, whether libsndfile can open the file or not", arguments: ["a.wav", "b.wav"])
    func descriptors(name: String) throws {
        try writeFile(folder["a.wav"], Noise.channels(2, frames: 100))
        writeBytes(folder["b.wav"], Array(readBytes(folder["a.wav"])[..<20]))
        let descriptor = open(folder[name], O_RDONLY)
        _ = try? SoundFile(reading: descriptor)
        #expect(fcntl(descriptor, F_GETFD) >= 0)
        close(descriptor)
    }

    // MARK: Outputs

    @Test("outputs that cannot be made are one clear sentence each")
    func outputs() throws {
        func sentence(_ path: String, _ values: [String: Value] = [:]) -> String {
            let error = failure { try writeFile(path, [[0.5]], values) }
            #expect(error == nil || error?.code == .cannotCreate || error?.code == .invalidParameter)
            return error?.description ?? "no error"
        }
        #expect(sentence(folder["no/such/folder.wav"]).contains("its folder does not exist"))
        mkdir(folder["dir.wav"], 0o755)
        #expect(sentence(folder["dir.wav"]).contains("it is a directory"))
        writeBytes(folder["there.wav"], [1])
        #expect(
            sentence(folder["there.wav"], ["overwrite": false]).contains(
                "the file exists already, and overwrite is false"))
        #expect(difference([readBytes(folder["there.wav"])], [[1]]) == nil)
        #expect(sentence(folder["a"]).contains("the name has no ending"))
        #expect(sentence(folder["a.docx"]).contains("no format is known by the ending .docx"))
        #expect(sentence("/proc/syrinx.wav").contains("cannot create it"))
        if geteuid() != 0 {
            mkdir(folder["locked"], 0o555)
            #expect(sentence(folder["locked/a.wav"]).contains("no permission to write there"))
        }
    }

    @Test("combinations that cannot be had are faults that name those that can")
    func combinations() throws {
        func sentence(_ values: [String: Value], rate: Int? = nil, channels: Int? = nil) -> String {
            let error = failure {
                _ = try makeNode(FileSinkNode.self, values).resolve(
                    FormatRequest(
                        access: .nothing, inputs: [PartialFormat(rate: rate, channels: channels)], masterRate: nil))
            }
            #expect(error == nil || error?.code == .invalidParameter)
            return error?.description ?? "no error"
        }
        #expect(sentence(["path": "/a.flac", "subtype": "f32"]).contains("expected one of s8, s16, s24"))
        #expect(sentence(["path": "/a.ogg", "subtype": "s16"]).contains("expected one of vorbis"))
        #expect(
            sentence(["path": "/a.opus"], rate: 44_100).contains(
                "opus takes 8000, 12000, 16000, 24000 or 48000 Hz, found 44100 Hz"))
        #expect(sentence(["path": "/a.opus"]) == "no error")
        #expect(sentence(["path": "/a.flac"], channels: 9).contains("flac holds up to 8 channels, found 9"))
        #expect(sentence(["path": "/a.mp3", "channels": 3]).contains("mp3 holds up to 2 channels, found 3"))
        #expect(sentence(["path": "/a.wav", "subtype": "s16"], rate: 44_100, channels: 64) == "no error")
    }

    @Test("a target that is also a source is a fault, through links as well")
    func ownSource() throws {
        let path = folder["a.wav"]
        try writeFile(path, [[0.5, 0.25]], ["subtype": "s16"])
        let before = readBytes(path)
        symlink(path, folder["link.wav"])
        link(path, folder["hard.wav"])
        let facts = try readFile(path).facts
        for name in ["a.wav", "link.wav", "hard.wav"] {
            let error = failure { try writeFile(folder[name], [[0]], facts: facts) }
            #expect(error?.code == .invalidParameter)
            #expect(error?.message.contains("is read by source in the same run") == true, "\(name)")
        }
        #expect(difference([readBytes(path)], [before]) == nil)
    }

    @Test("writing through a symbolic link leaves the link")
    func links() throws {
        writeBytes(folder["real.wav"], [1])
        symlink(folder["real.wav"], folder["link.wav"])
        try writeFile(folder["link.wav"], [[0.5]])
        #expect(try readFile(folder["real.wav"]).frames == 1)
        var status = stat()
        #expect(lstat(folder["link.wav"], &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }

    /// True where a small file system of our own can be mounted.
    private static let canMount: Bool = {
        let folder = Folder()
        guard run("mount -t tmpfs -o size=64k none \(folder.path) 2>/dev/null") == 0 else { return false }
        return run("umount \(folder.path)") == 0
    }()

    @Test(
        "a full disk is one clear error, and leaves target and disk as they were",
        .enabled(if: canMount, "mounting a small file system needs root"),
        arguments: ["wav", "flac", "caf", "ogg", "aiff"])
    func fullDisk(ending: String) throws {
        #expect(run("mount -t tmpfs -o size=300k none \(folder.path)") == 0)
        defer { run("umount \(folder.path)") }
        let path = folder["a.\(ending)"]
        try writeFile(path, [[0.5, 0.25]])
        let before = readBytes(path)
        let error = failure { try writeFile(path, Noise.channels(8, frames: 400_000)) }
        #expect(error?.code == .inputOutput)
        #expect(error?.message.contains("the disk is full after") == true, "\(error?.description ?? "none")")
        #expect(error?.message.contains("the target is untouched") == true)
        #expect(difference([readBytes(path)], [before]) == nil)
        #expect(folder.contents == ["a.\(ending)"])
    }
}
