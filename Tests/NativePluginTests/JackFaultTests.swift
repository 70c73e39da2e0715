import CommandTestKit
import Foundation
import JackTestKit
import Testing

/// A plugin that fails again and again in a process of its own, while the rest of its pipeline plays on a JACK server.
@Suite("Isolated plugins that fail while a studio listens", .jackServer)
struct JackFaultTests {
    private static let isLong = ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1"
    private static let period = 256
    private static let rate = 48_000

    /// What the run's report says of the live side.
    private struct Report: Decodable {
        struct Fault: Decodable { var kind: String }
        struct Cycle: Decodable { var late: Int }
        var xruns: Int
        var xrunList: [Fault]
        var cycle: Cycle
    }

    @Test(
        "the rest of the graph keeps every sample and every deadline, and the plugin comes back with its last value",
        arguments: [
            ("CRASH", 0.5), ("ERROR_CODE", 0.5), ("WRITES_NAN", 0.5), ("SCRIBBLE", 0.5), ("HANG", 1.6), ("SPIN", 1.2),
        ])
    func failures(_ fault: String, _ secondsEach: Double) throws {
        let failures = Self.isLong ? 100 : 3
        let server = try JackServer(rate: Self.rate, period: Self.period)
        defer { server.stop() }
        // A server of its own on which nothing happens: what goes wrong there is the machine's.
        let other = try JackServer(rate: Self.rate, period: Self.period)
        defer { other.stop() }
        let bare = try Studio(other, inputs: 1, outputs: 1)
        let studio = try Studio(server, inputs: 2, outputs: 1)
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=\(fault)", "AFTER=4800"])
            // The file says 0.5; from 0.1 s on a link says 0.25.
            try """
            { "syrinx": 1, "name": "faults", "engine": { "block_frames": \(Self.period) }, "nodes": {
              "mic": { "type": "jack.source", "channels": 1, "connect": ["studio:out_1"] },
              "plugin": { "type": "faulty", "gain": 0.5, "isolate": true },
              "hand": { "type": "lfo", "points": [[0, 0.5], [0.1, 0.25]] },
              "phones": { "type": "jack.sink", "channels": 2, "connect": ["studio:in_1", "studio:in_2"], "soft_start_ms": 0 } },
              "links": ["mic -> phones:in[0]", "mic -> plugin -> phones:in[1]", "hand -> plugin.gain"] }
            """.write(to: shop.folder.appendingPathComponent("p.json"), atomically: true, encoding: .utf8)
            var environment = server.environment
            environment["SYRINX_PLUGIN_PATH"] = shop.folder.path
            environment["XDG_CACHE_HOME"] = shop.folder.appendingPathComponent("cache").path
            let log = shop.folder.appendingPathComponent("log")
            try Data().write(to: log)
            let process = try Command.start(
                arguments: ["run", "p.json", "--report", "r.json"], in: shop.folder,
                diagnostics: try FileHandle(forUpdating: log), environment: environment)
            defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
            for port in ["mic", "phones_1", "phones_2"] {
                try studio.wait(port) { studio.hasPort("faults:\(port)") }
            }
            try studio.wait("the connections") {
                studio.isConnected("studio:out_1", "faults:mic") && studio.isConnected("faults:phones_2", "studio:in_2")
            }
            let (before, bareBefore) = (studio.xruns, bare.xruns)
            let frames = Int(Double(failures) * secondsEach * Double(Self.rate))
            let feed = (0..<frames).map { Float(Int32(truncatingIfNeeded: $0 &* 2_654_435_761)) * 0x1p-33 }
            try studio.roll([feed], frames: frames)
            try studio.wait("the recording", atMost: 400) { studio.recorded >= frames }
            let heard = try studio.tape()
            try studio.wait("\(failures) failures") {
                try String(contentsOf: log, encoding: .utf8).components(separatedBy: "plugin restarted").count
                    > failures
            }
            let (told, machine) = (studio.xruns - before, bare.xruns - bareBefore)
            process.interrupt()
            process.waitForEnd()
            #expect(process.terminationStatus == 0)
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let report = try decoder.decode(
                Report.self, from: Data(contentsOf: shop.folder.appendingPathComponent("r.json")))

            // Beside the plugin: what went in, late by the same frames throughout.
            let first = try #require(heard[0].firstIndex { $0 != 0 })
            let start = try #require((0..<4 * Self.period).first { feed[$0] == heard[0][first] }) - first
            let kept = (first..<frames).count { heard[0][$0] == feed[$0 + start] }
            // Through it: most of the time the same, at its last value.
            let played = (first..<frames).count { heard[1][$0] == feed[$0 + start] * 0.25 }
            print(
                "\(fault) × \(failures): \(frames - first - kept) samples beside it lost of \(frames - first); "
                    + "through it \(100 * played / (frames - first)) %; xruns: server \(told), report \(report.xruns), "
                    + "a bare client elsewhere \(machine); cycles that ended late: \(report.cycle.late)")
            #expect(played > (frames - first) / 50)
            // A late wake is the machine's. A slow node or a starved input would be ours: once in a hundred failures a machine
            // that stands still within a step may look like it.
            let ours = report.xrunList.filter { $0.kind == "slow_node" || $0.kind == "starved" }
            #expect(ours.count <= failures / 100)
            // A cycle that a server gave up on is one period that nobody heard, and the next.
            #expect(frames - first - kept <= 3 * Self.period * told)
        }
    }
}
