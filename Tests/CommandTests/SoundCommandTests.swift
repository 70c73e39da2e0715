import CommandTestKit
import Foundation
import Testing

@Suite("syrinx split, trim and label")
struct SoundCommandTests {
    /// Two channels at 8 kHz: tones of known length between known silences, with noise far below the threshold.
    private struct Recording {
        var left: [Int16] = []
        var right: [Int16] = []
        /// Where the tones lie.
        var tones: [Range<Int>] = []

        init(_ parts: [(silence: Int, tone: Int)]) {
            var state: UInt64 = 7
            func noise() -> Int16 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int16(state >> 59) - 16
            }
            for part in parts {
                for _ in 0..<part.silence {
                    left.append(noise())
                    right.append(noise())
                }
                if part.tone == 0 { continue }
                tones.append(left.count..<left.count + part.tone)
                for k in 0..<part.tone {
                    // Never below the threshold for long, and loud from its first sample to its last.
                    left.append(k % 2 == 0 ? 12_000 : -11_000)
                    right.append(Int16(k % 100) - 50)
                }
            }
        }

        var data: Data { Wave.s16(rate: 8_000, channels: [left, right]) }

        /// The sample data of a stretch.
        func bytes(_ range: Range<Int>) throws -> Data {
            try #require(
                Wave.chunk("data", of: Wave.s16(rate: 8_000, channels: [Array(left[range]), Array(right[range])])))
        }
    }

    private let recording = Recording([(5_003, 4_000), (4_500, 8_001), (3_999, 500), (6_000, 1_777), (9_000, 0)])

    private func withRecording(_ body: (URL) throws -> Void) throws {
        try Command.withFolder { folder in
            try recording.data.write(to: folder.appendingPathComponent("in.wav"))
            try body(folder)
        }
    }

    private func manifest(_ folder: URL) throws -> [[String: Any]] {
        let text = String(
            decoding: try Data(contentsOf: folder.appendingPathComponent("manifest.jsonl")), as: UTF8.self)
        return try text.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("split: the files and the silences between them are the recording again, to the sample")
    func split() throws {
        try withRecording { folder in
            let outcome = try Command.run(
                ["split", "in.wav", "out/", "--pre-roll", "0.1", "--post-roll", "0.2", "--report", "-"], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let lines = try manifest(folder.appendingPathComponent("out"))
            // The pause of 3999 frames is shorter than half a second; the third sound begins in the one before.
            let tones = recording.tones
            let sounds = [tones[0], tones[1].lowerBound..<tones[2].upperBound, tones[3]]
            let kept = sounds.map { $0.lowerBound - 800..<$0.upperBound + 1_600 }
            #expect(lines.map { $0["start_frame"] as? Int } == kept.map(\.lowerBound))
            #expect(lines.map { $0["frames"] as? Int } == kept.map(\.count))
            #expect(lines.map { $0["start_s"] as? Double } == kept.map { Double($0.lowerBound) / 8_000 })
            #expect(lines.map { $0["end_s"] as? Double } == kept.map { Double($0.upperBound) / 8_000 })
            let peak = 20 * log10(12_000.0 / 32_768)
            #expect(lines.allSatisfy { abs(($0["peak_dbfs"] as? Double ?? 0) - peak) < 1e-4 })
            var joined = Data()
            var place = 0
            for (line, range) in zip(lines, kept) {
                let name = try #require(line["file"] as? String)
                let file = try Data(contentsOf: folder.appendingPathComponent("out/\(name)"))
                #expect(Wave.format(of: file).map { [$0.rate, $0.channels, $0.bits] } == [8_000, 2, 16])
                joined += try recording.bytes(place..<range.lowerBound)
                joined += try #require(Wave.chunk("data", of: file))
                place = range.upperBound
            }
            joined += try recording.bytes(place..<recording.left.count)
            #expect(joined == Wave.chunk("data", of: recording.data))
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(names == ["in.wav", "out"])
            let report = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(report["files"] as? Int == 3 && report["frames"] as? Int == kept.map(\.count).reduce(0, +))
            #expect(report["input_frames"] as? Int == recording.left.count)
        }
    }

    @Test("split: pre- and post-roll never reach into the next sound, and no sample is in two files")
    func rolls() throws {
        try withRecording { folder in
            let outcome = try Command.run(
                ["split", "in.wav", "out", "--pre-roll", "1", "--post-roll", "0.4", "--format", "flac"], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let lines = try manifest(folder.appendingPathComponent("out"))
            #expect(lines.map { $0["file"] as? String } == ["in-0001.flac", "in-0002.flac", "in-0003.flac"])
            let tones = recording.tones
            // 5003 frames lie before the first sound; 4500 before the second, of which 3200 follow the first.
            let starts = [0, tones[0].upperBound + 3_200, tones[2].upperBound + 3_200]
            let ends = [tones[0].upperBound, tones[2].upperBound, tones[3].upperBound].map { $0 + 3_200 }
            #expect(lines.map { $0["start_frame"] as? Int } == starts)
            #expect(lines.map { $0["frames"] as? Int } == zip(starts, ends).map { $1 - $0 })
        }
    }

    @Test("split: shorter pauses and a higher threshold find other sounds")
    func options() throws {
        try withRecording { folder in
            let fine = try Command.run(["split", "in.wav", "fine", "--min-silence", "0.3"], in: folder)
            #expect(fine.code == 0, "\(fine.diagnostics)")
            #expect(try manifest(folder.appendingPathComponent("fine")).count == 4)
            let long = try Command.run(["split", "in.wav", "long", "--min-sound", "0.4"], in: folder)
            #expect(long.code == 0, "\(long.diagnostics)")
            #expect(try manifest(folder.appendingPathComponent("long")).count == 2)
        }
    }

    @Test("split: a fault leaves no folder, and says what to do")
    func splitFaults() throws {
        try withRecording { folder in
            let loud = try Command.run(["split", "in.wav", "out", "--threshold", "-1"], in: folder)
            #expect(loud.code == 66 && loud.diagnostics.contains("lower --threshold"), "\(loud.diagnostics)")
            let format = try Command.run(["split", "in.wav", "out", "--format", "xyz"], in: folder)
            #expect(format.code == 65 && format.diagnostics.contains(".xyz"), "\(format.diagnostics)")
            let missing = try Command.run(["split", "nothing.wav", "out"], in: folder)
            #expect(missing.code == 66)
            for usage in [["--threshold", "3"], ["--min-silence", "0"], ["--pre-roll", "-1"], ["--set", "dither"]] {
                #expect(try Command.run(["split", "in.wav", "out"] + usage, in: folder).code == 64)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["in.wav"])
            let file = try Command.run(["split", "in.wav", "in.wav"], in: folder)
            #expect(file.code == 73 && file.diagnostics.contains("is a file"), "\(file.diagnostics)")
            // What a killed run left gives way; what somebody keeps there does not.
            let left = folder.appendingPathComponent("out.part")
            try FileManager.default.createDirectory(at: left, withIntermediateDirectories: false)
            try Data().write(to: left.appendingPathComponent("in-0009.wav.part"))
            #expect(try Command.run(["split", "in.wav", "out"], in: folder).code == 0)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("out").path).sorted()
                    == ["in-0001.wav", "in-0002.wav", "in-0003.wav", "manifest.jsonl"])
            let full = try Command.run(["split", "in.wav", "out"], in: folder)
            #expect(full.code == 73 && full.diagnostics.contains("not empty"), "\(full.diagnostics)")
        }
    }

    @Test("trim: exactly the silence at head and tail goes, but for pre- and post-roll", arguments: [0.0, 0.05, 10])
    func trim(roll: Double) throws {
        try withRecording { folder in
            let outcome = try Command.run(
                ["trim", "in.wav", "out.wav", "--pre-roll", "\(roll)", "--post-roll", "\(roll)", "--report", "-"],
                in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let frames = Int(roll * 8_000)
            let first = max(0, recording.tones[0].lowerBound - frames)
            let end = min(recording.left.count, recording.tones[3].upperBound + frames)
            let file = try Data(contentsOf: folder.appendingPathComponent("out.wav"))
            #expect(Wave.chunk("data", of: file) == (try recording.bytes(first..<end)))
            let report = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(report["start_frame"] as? Int == first && report["frames"] as? Int == end - first)
        }
    }

    @Test("trim: a sound that reaches the file's end is kept to its last sample, and silence is told apart")
    func trimEnds() throws {
        try Command.withFolder { folder in
            let recording = Recording([(0, 3_000), (100, 0)])
            try recording.data.write(to: folder.appendingPathComponent("in.wav"))
            let outcome = try Command.run(["trim", "in.wav", "out.wav", "--post-roll", "0"], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let file = try Data(contentsOf: folder.appendingPathComponent("out.wav"))
            #expect(Wave.chunk("data", of: file) == (try recording.bytes(0..<3_000)))
            try Recording([(8_000, 0)]).data.write(to: folder.appendingPathComponent("quiet.wav"))
            let quiet = try Command.run(["trim", "quiet.wav", "no.wav"], in: folder)
            #expect(quiet.code == 66 && quiet.diagnostics.contains("−40.0 dBFS"), "\(quiet.diagnostics)")
            #expect(try Command.run(["trim", "in.wav", "in.wav"], in: folder).code == 65)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                    "in.wav", "out.wav", "quiet.wav",
                ])
        }
    }

    /// Two vowels of a second each at 16 kHz, as far as a detector is concerned: harmonics that move.
    private func speech() -> Data {
        var samples: [Int16] = []
        for (silence, voiced) in [(16_000, 12_000), (16_000, 16_000), (16_000, 0)] {
            samples += (0..<silence).map { Int16(($0 * 7_919) % 21 - 10) }
            samples += (0..<voiced).map { k in
                let time = Double(k) / 16_000
                let phase = 2 * Double.pi * (120 * time + 4 * sin(2 * .pi * 3 * time))
                let sum = (1...20).map { sin(Double($0) * phase) / Double($0) }.reduce(0, +)
                return Int16(6_000 * sum * (0.6 + 0.4 * sin(2 * .pi * 4 * time)))
            }
        }
        return Wave.s16(rate: 16_000, channels: [samples])
    }

    @Test("label: JSON, RTTM and Audacity labels tell the same stretches of speech")
    func label() throws {
        try Command.withFolder { folder in
            try speech().write(to: folder.appendingPathComponent("my talk.wav"))
            let json = try Command.run(["label", "my talk.wav"], in: folder)
            #expect(json.code == 0, "\(json.diagnostics)")
            let labels = try #require(try JSONSerialization.jsonObject(with: json.output) as? [String: Any])
            let segments = try #require(labels["segments"] as? [[String: Any]])
            try #require(segments.count == 2)
            #expect(labels["frames"] as? Int == 76_000)
            // Pre-roll and hangover are part of it, at most 0.2 s each.
            let expected = [(1.0, 1.75), (2.75, 3.75)]
            let found = try segments.map {
                (try #require($0["start_s"] as? Double), try #require($0["end_s"] as? Double))
            }
            for (segment, (begin, end)) in zip(found, expected) {
                #expect(segment.0 <= begin && segment.0 > begin - 0.2, "\(segment)")
                #expect(segment.1 >= end && segment.1 < end + 0.2, "\(segment)")
            }
            let rttm = try Command.run(["label", "my talk.wav", "out.rttm"], in: folder)
            #expect(rttm.code == 0 && rttm.output.isEmpty, "\(rttm.diagnostics)")
            let lines = String(
                decoding: try Data(contentsOf: folder.appendingPathComponent("out.rttm")), as: UTF8.self
            ).split(separator: "\n").map { $0.split(separator: " ") }
            for (line, segment) in zip(lines, found) {
                #expect(line.count == 10 && line[0] == "SPEAKER" && line[1] == "my_talk" && line[7] == "speech")
                #expect(abs((Double(line[3]) ?? 0) - segment.0) < 1e-6)
                #expect(abs((Double(line[4]) ?? 0) - (segment.1 - segment.0)) < 2e-6)
            }
            let audacity = try Command.run(["label", "my talk.wav", "--format", "audacity"], in: folder)
            let rows = audacity.text.split(separator: "\n").map { $0.split(separator: "\t") }
            #expect(rows.count == 2 && lines.count == 2)
            for (row, segment) in zip(rows, found) {
                #expect(row.count == 3 && abs((Double(row[0]) ?? 0) - segment.0) < 1e-6 && row[2] == "speech")
                #expect(abs((Double(row[1]) ?? 0) - segment.1) < 1e-6)
            }
        }
    }

    @Test("label: parameters of vad count, silence has no labels, and wrong ones are faults")
    func labelOptions() throws {
        try Command.withFolder { folder in
            try speech().write(to: folder.appendingPathComponent("in.wav"))
            let joined = try Command.run(
                ["label", "in.wav", "--format", "audacity", "--set", "hangover_ms=2000"], in: folder)
            #expect(joined.text.split(separator: "\n").count == 1, "\(joined.text)\(joined.diagnostics)")
            try Wave.s16(rate: 8_000, channels: [[Int16](repeating: 0, count: 16_000)]).write(
                to: folder.appendingPathComponent("quiet.wav"))
            let none = try Command.run(["label", "quiet.wav", "--format", "rttm"], in: folder)
            #expect(none.code == 0 && none.output.isEmpty, "\(none.diagnostics)")
            let engine = try Command.run(["label", "in.wav", "--engine", "psychic"], in: folder)
            #expect(engine.code == 65 && engine.diagnostics.contains("statistical"), "\(engine.diagnostics)")
            #expect(try Command.run(["label", "in.wav", "labels.doc"], in: folder).code == 64)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["in.wav", "quiet.wav"])
        }
    }

    @Test("split --speech: what the detector hears, with pauses in it, is in one file a stretch")
    func speechSplit() throws {
        try Command.withFolder { folder in
            try speech().write(to: folder.appendingPathComponent("in.wav"))
            let outcome = try Command.run(["split", "in.wav", "out", "--speech"], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let lines = try manifest(folder.appendingPathComponent("out"))
            try #require(lines.count == 2)
            let starts = try lines.map { try #require($0["start_s"] as? Double) }
            let ends = try lines.map { try #require($0["end_s"] as? Double) }
            #expect(starts[0] <= 1 && starts[0] > 0.8 && ends[0] >= 1.75 && ends[0] < 2.1, "\(starts) \(ends)")
            #expect(starts[1] <= 2.75 && starts[1] > 2.55 && ends[1] >= 3.75 && ends[1] < 4.1, "\(starts) \(ends)")
        }
    }
}
