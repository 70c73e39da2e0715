import CommandTestKit
import Foundation
import Testing

/// Runs on alsa-lib's `null`, which is paced by the system's clock.
@Suite("a pipeline on an ALSA device")
struct DeviceRunTests {
    private let pipeline = """
        {
          "syrinx": 1,
          "engine": { "block_frames": 256 },
          "nodes": {
            "tone": { "type": "signal", "frequency_hz": 440, "duration_s": 0.5, "rate_hz": 44100 },
            "speakers": { "type": "alsa.sink", "device": "null" }
          },
          "links": ["tone -> speakers"]
        }
        """

    @Test("what it plays is converted to its rate, and what was agreed on is in the report")
    func run() throws {
        try Command.withFolder { folder in
            try Data(pipeline.utf8).write(to: folder.appendingPathComponent("p.json"))
            let outcome = try Command.run(["run", "p.json", "--report", "-"], in: folder)
            #expect(outcome.code == 0)
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.text.utf8)) as? [String: Any])
            #expect(report["driver"] as? String == "alsa")
            #expect(report["rate_hz"] as? Int == 48_000)
            #expect((report["nodes"] as? [String: Any])?["tone~48000"] != nil)
            let speakers = (report["sinks"] as? [String: Any])?["speakers"] as? [String: Any]
            #expect(speakers?["format"] as? String == "f32")
            #expect(speakers?["period_frames"] as? Int == 256)
            #expect((report["events"] as? [String: Any])?["device_unpaced"] as? Int == 1)
        }
    }

    @Test("explain leaves the rate to the device, and opens none")
    func explain() throws {
        try Command.withFolder { folder in
            let text = pipeline.replacingOccurrences(of: "\"null\"", with: "\"hw:CARD=NotHere\"")
            try Data(text.utf8).write(to: folder.appendingPathComponent("p.json"))
            let open = try Command.run(["explain", "p.json"], in: folder)
            #expect(open.code == 0 && open.text.contains("at the device's rate, driver alsa"))
            let stated = try Command.run(["explain", "p.json", "--rate", "48000"], in: folder)
            #expect(stated.code == 0 && stated.text.contains("tone~48000"))
        }
    }

    @Test("a device that is not there ends the run with 69 and one line that says so")
    func missing() throws {
        try Command.withFolder { folder in
            let text = pipeline.replacingOccurrences(of: "\"null\"", with: "\"nowhere\"")
            try Data(text.utf8).write(to: folder.appendingPathComponent("p.json"))
            let outcome = try Command.run(["run", "p.json"], in: folder)
            #expect(outcome.code == 69)
            #expect(outcome.lines.count == 1)
            #expect(outcome.diagnostics.contains("cannot open \"nowhere\" for playback: there is no such device"))
        }
    }
}
