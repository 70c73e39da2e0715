import Foundation
import JACKPlugin
import JackTestKit
import SyrinxCore
import Testing

@Suite("jack, latency", .jackServer)
struct JACKLatencyTests {
    @Test("JACK knows the latency of every path both ways, and of the devices at their ends")
    func ranges() throws {
        let server = try JackServer(period: 64)
        let studio = try Studio(server, inputs: 1, outputs: 1)
        var plan = Rig.Plan()
        plan.delay = 480
        plan.source["connect"] = .list([.string("system:capture_1")])
        plan.sink["connect"] = .list([.string("system:playback_1")])
        let rig = try Rig(server, plan)
        try rig.start()
        try rig.await("connected", count: 2)
        // The dummy device captures 64 frames and plays 128 frames late.
        try studio.wait("capture latency") { studio.captureLatency("syrinx:phones") == 544...544 }
        try studio.wait("playback latency") { studio.playbackLatency("syrinx:mic") == 608...608 }
        let listed = try server.tool("jack_lsp", "-l", "syrinx:phones").text
        #expect(listed.contains("port capture latency = [ 544 544 ] frames"))
        // Instruments and amplifiers of others count as well.
        try studio.connect("studio:out_1", "syrinx:mic")
        try studio.connect("syrinx:phones", "studio:in_1")
        try studio.setLatency(capture: 1_000, playback: 2_000)
        try studio.wait("both capture latencies") { studio.captureLatency("syrinx:phones") == 544...1_480 }
        try studio.wait("both playback latencies") { studio.playbackLatency("syrinx:mic") == 608...2_480 }
        // A path that changes is stated anew.
        rig.setDelay(100)
        try studio.wait("the new path") { studio.captureLatency("syrinx:phones") == 164...1_100 }
        try rig.finish()
    }

    @Test("jack_iodelay measures what JACK was told, to the frame", arguments: [0, 777])
    func measured(delay: Int) throws {
        let server = try JackServer(rate: 48_000, period: 256)
        var plan = Rig.Plan()
        plan.delay = delay
        let rig = try Rig(server, plan)
        try rig.start()
        let studio = try Studio(server)
        let probe = try server.start("jack_iodelay")
        defer { probe.end() }
        try studio.wait("the probe") { studio.hasPort("jack_delay:out") }
        // Its ports are there before it runs.
        try studio.wait("the way to us") { (try? studio.connect("jack_delay:out", "syrinx:mic")) != nil }
        try studio.wait("the way back") { (try? studio.connect("syrinx:phones", "jack_delay:in")) != nil }
        // Through our client and back to the probe: the loop costs it one period, beside what we state.
        let expected = Double(delay + 256)
        var found: [Double] = []
        try studio.wait("a steady measure", atMost: 60) {
            found = probe.output.split(separator: "\n").compactMap { line in
                line.contains("??") ? nil : line.split(separator: " ").first.flatMap { Double($0) }
            }
            return found.count > 5
        }
        let measured = try #require(found.last)
        #expect(abs(measured - expected) < 0.5, "found \(found)")
        #expect(studio.captureLatency("syrinx:phones") == delay...delay)
        try rig.finish()
    }
}
