import CommandTestKit
import Foundation
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
