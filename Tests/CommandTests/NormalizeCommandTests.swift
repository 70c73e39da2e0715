import CommandTestKit
import Foundation
import Testing

@Suite("syrinx normalize")
struct NormalizeCommandTests {
    /// Runs it on a file of two seconds, tone and noise with peaks at −11 dBFS; `peak` adds a click of full scale.
    private func normalize(_ arguments: [String], peak: Bool = false) throws -> (report: [String: Any], file: Data) {
        try Command.withFolder { folder in
            let input = folder.appendingPathComponent("in.wav")
            var sound = Wave.music(rate: 48_000, channels: 2, frames: 96_000)
            if peak { sound.replaceSubrange(sound.count - 1_000..<sound.count - 998, with: [0xFF, 0x7F]) }
            try sound.write(to: input)
            let outcome = try Command.run(["normalize", "in.wav", "out.wav", "--report", "-"] + arguments, in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let report = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            return (try #require(report), try Data(contentsOf: folder.appendingPathComponent("out.wav")))
        }
    }

    private func figure(_ report: [String: Any], _ part: String, _ name: String) throws -> Double {
        try #require((report[part] as? [String: Any])?[name] as? Double)
    }

    @Test("where there is room, the loudness is met by gain alone", arguments: [-30.0, -20])
    func gain(target: Double) throws {
        let (report, file) = try normalize(["--lufs", "\(target)"])
        // Each of the two measurements is good to 0.05 LU.
        #expect(abs(try figure(report, "output", "integrated_lufs") - target) < 0.1)
        #expect(report["limited"] as? Bool == false)
        let gain = target - (try figure(report, "input", "integrated_lufs"))
        #expect(abs(try #require(report["gain_db"] as? Double) - gain) < 1e-9)
        #expect(Wave.chunk("data", of: file)?.count == 96_000 * 4)
    }

    @Test("where peaks would pass the ceiling they are limited, and the loudness is met all the same")
    func limited() throws {
        let (report, file) = try normalize(["--lufs", "-9", "--true-peak", "-2"], peak: true)
        #expect(report["limited"] as? Bool == true)
        #expect(abs(try figure(report, "output", "integrated_lufs") + 9) < 0.1)
        #expect(try figure(report, "output", "max_true_peak_dbtp") <= -2)
        #expect(Wave.chunk("data", of: file)?.count == 96_000 * 4)
    }

    @Test("--linear never limits: the ceiling is met by less gain")
    func linear() throws {
        let (report, _) = try normalize(["--lufs", "-9", "--linear"], peak: true)
        #expect(report["limited"] as? Bool == false)
        #expect(abs(try figure(report, "output", "max_true_peak_dbtp") + 1) < 0.02)
        #expect(try figure(report, "output", "integrated_lufs") < -10)
    }

    @Test("silence, a missing file and wrong figures are told apart, and nothing is written")
    func faults() throws {
        try Command.withFolder { folder in
            try Wave.s16(rate: 48_000, channels: [[Int16](repeating: 0, count: 48_000)]).write(
                to: folder.appendingPathComponent("silence.wav"))
            let silence = try Command.run(["normalize", "silence.wav", "out.wav"], in: folder)
            #expect(silence.code == 66 && silence.diagnostics.contains("has no loudness"))
            let missing = try Command.run(["normalize", "nothing.wav", "out.wav"], in: folder)
            #expect(missing.code == 66 && missing.diagnostics.contains("nothing.wav"))
            #expect(try Command.run(["normalize", "silence.wav", "out.wav", "--lufs", "3"], in: folder).code == 64)
            #expect(try Command.run(["normalize", "-", "out.wav"], in: folder).code == 64)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["silence.wav"])
        }
    }
}
