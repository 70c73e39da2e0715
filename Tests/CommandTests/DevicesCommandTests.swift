import CommandTestKit
import Foundation
import JackTestKit
import Testing

@Suite("syrinx devices")
struct DevicesCommandTests {
    @Test("alsa-lib's null is listed with its formats, and nothing is printed beside the list")
    func list() throws {
        let outcome = try Command.run(["devices", "alsa"], in: Command.package)
        #expect(outcome.code == 0)
        let lines = outcome.text.split(separator: "\n")
        #expect(lines.first == "alsa")
        let null = lines.firstIndex { $0.hasPrefix("  null ") }
        #expect(null.map { lines[$0].contains("in, out") } == true)
        #expect(null.map { lines[$0 + 1].hasPrefix("      capture, playback: rates_hz 8000, ") } == true)
        #expect(outcome.diagnostics == "")
    }

    @Test("as JSON every family says whether it is there, and a device what it can do")
    func json() throws {
        let outcome = try Command.run(["devices", "--json"], in: Command.package)
        #expect(outcome.code == 0)
        let families = try JSONSerialization.jsonObject(with: Data(outcome.text.utf8)) as? [[String: Any]]
        let alsa = families?.first { $0["driver"] as? String == "alsa" }
        #expect(alsa?["available"] as? Bool == true)
        let null = (alsa?["devices"] as? [[String: Any]])?.first { $0["name"] as? String == "null" }
        #expect(null?["plays"] as? Bool == true)
        let formats = (null?["playback"] as? [String: Any])?["formats"] as? [String]
        #expect(formats == ["f32", "s32", "s24", "s24_3", "s16"])
    }

    @Test("a family that does not exist is named, with those that do")
    func unknown() throws {
        let outcome = try Command.run(["devices", "alas"], in: Command.package)
        #expect(outcome.code == 64)
        #expect(outcome.diagnostics.contains(#"found "alas", expected one of alsa"#))
    }
}

@Suite("syrinx devices, on a JACK server", .jackServer)
struct JackDevicesCommandTests {
    @Test("every port of other clients is listed, with direction, kind, aliases, latency, rate and period")
    func json() throws {
        let server = try JackServer(rate: 44_100, period: 128)
        let studio = try Studio(server, inputs: 1, outputs: 1)
        try studio.addPort("desk", isOutput: false, alias: "hall:left")
        let outcome = try Command.run(
            ["devices", "jack", "--json"], in: Command.package, environment: server.environment)
        #expect(outcome.code == 0)
        let families = try JSONSerialization.jsonObject(with: Data(outcome.text.utf8)) as? [[String: Any]]
        let jack = try #require(families?.first)
        #expect(jack["driver"] as? String == "jack" && jack["available"] as? Bool == true)
        let ports = try #require(jack["devices"] as? [[String: Any]])
        func port(_ name: String) -> [String: Any] { ports.first { $0["name"] as? String == name } ?? [:] }
        let capture = port("system:capture_1")
        #expect(capture["captures"] as? Bool == true && capture["plays"] as? Bool == false)
        #expect(capture["physical"] as? Bool == true && capture["terminal"] as? Bool == true)
        #expect(capture["rate_hz"] as? Int == 44_100 && capture["period_frames"] as? Int == 128)
        #expect(capture["latency_max_frames"] as? Int == 128)
        let playback = port("system:playback_2")
        #expect(playback["captures"] as? Bool == false && playback["plays"] as? Bool == true)
        let desk = port("studio:desk")
        #expect(desk["plays"] as? Bool == true && desk["physical"] as? Bool == false)
        #expect(desk["aliases"] as? [String] == ["hall:left"])
        #expect(port("studio:out_1")["captures"] as? Bool == true)
        #expect(!ports.contains { ($0["name"] as? String)?.hasPrefix("syrinx") == true })
    }

    @Test("as text a port is one line, and a family without a server says so")
    func text() throws {
        let server = try JackServer()
        let there = try Command.run(["devices", "jack"], in: Command.package, environment: server.environment)
        #expect(there.text.contains("system:capture_1") && there.text.contains("physical, terminal, audio"))
        server.stop()
        let gone = try Command.run(["devices", "jack"], in: Command.package, environment: server.environment)
        #expect((gone.text + gone.diagnostics).contains("the server does not answer"), "\(gone)")
    }
}
