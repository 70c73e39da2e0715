import JACKPlugin
import JackTestKit
import SyrinxCore
import Testing

@Suite("jack, connections", .jackServer)
struct JACKConnectionTests {
    private func plan(_ sink: [String: Value], channels: Int = 1, source: [String: Value] = [:]) -> Rig.Plan {
        var plan = Rig.Plan()
        plan.sink.merge(sink) { $1 }
        plan.source = source
        plan.channels = channels
        if channels > 1 {
            plan.sink["channels"] = .integer(channels)
            plan.source["channels"] = .integer(channels)
        }
        return plan
    }

    @Test("exact names and aliases are found, an empty entry leaves its channel alone")
    func exact() throws {
        let server = try JackServer()
        let studio = try Studio(server, inputs: 3)
        try studio.addPort("desk", isOutput: false, alias: "hall:left")
        let rig = try Rig(
            server,
            plan(["connect": .list([.string("studio:in_2"), .string(""), .string("hall:left")])], channels: 3))
        try rig.start()
        try rig.await("connected", count: 2)
        #expect(studio.isConnected("syrinx:phones_1", "studio:in_2"))
        #expect(studio.isConnected("syrinx:phones_3", "studio:desk"))
        #expect(try server.tool("jack_lsp", "-c", "syrinx:phones_2").text == "syrinx:phones_2\n")
        // The driver of `dummy` has aliases of its own.
        #expect(try server.tool("jack_lsp", "-A", "system:playback_1").text.contains("dummy_pcm:dummy:in1"))
        try rig.finish()
    }

    @Test("one pattern fills the channels in port order; several take one port each")
    func patterns() throws {
        let server = try JackServer()
        let studio = try Studio(server, inputs: 4, outputs: 2)
        let rig = try Rig(
            server,
            plan(
                ["connect": .list([.string("studio:in_*")])], channels: 3,
                source: ["connect": .list([.string("studio:out_?"), .string("system:*"), .string("system:*")])]))
        try rig.start()
        try rig.await("connected", count: 6)
        for (own, other) in [("phones_1", "in_1"), ("phones_2", "in_2"), ("phones_3", "in_3")] {
            #expect(studio.isConnected("syrinx:\(own)", "studio:\(other)"))
        }
        #expect(studio.isConnected("studio:out_1", "syrinx:mic_1"))
        #expect(studio.isConnected("system:capture_1", "syrinx:mic_2"))
        #expect(studio.isConnected("system:capture_2", "syrinx:mic_3"))
        try rig.finish()
    }

    @Test("ensure connects what appears later, and again what comes back; what is missing is told once, in full words")
    func ensure() throws {
        let server = try JackServer()
        let rig = try Rig(server, plan(["connect": .list([.string("amp:left")])]))
        try rig.start()
        let told = try rig.await("connect_pending")
        #expect(told.nodes == ["phones"])
        #expect(
            told.field("message")?.string
                == #"jack: cannot connect "syrinx:phones" to "amp:left": no such port (2 playback ports exist)"#)
        let amp = try Studio(server, name: "amp")
        try amp.addPort("left", isOutput: false)
        try rig.await("connected")
        #expect(amp.isConnected("syrinx:phones", "amp:left"))
        try amp.removePort("left")
        try amp.addPort("left", isOutput: false)
        try rig.await("connected", count: 2)
        #expect(amp.isConnected("syrinx:phones", "amp:left"))
        try amp.removePort("left")
        // Another port of no concern makes the driver look again.
        try amp.addPort("right", isOutput: false)
        try rig.await("connect_pending", count: 2)
        try rig.finish()
    }

    @Test("once connects at the start only, and tells at once what it could not")
    func once() throws {
        let server = try JackServer()
        let studio = try Studio(server, inputs: 1)
        let rig = try Rig(
            server,
            plan(
                [
                    "connect": .list([.string("studio:in_1"), .string("studio:late")]),
                    "connect_policy": .string("once"),
                ], channels: 2, source: ["connect": .list([.string("studio:later"), .string("")])]))
        try rig.start()
        try rig.await("connected")
        let told = try rig.await("connect_failed")
        #expect(told.field("target") == .string("studio:late"))
        try studio.disconnect("syrinx:phones_1", "studio:in_1")
        try studio.addPort("late", isOutput: false)
        // Its neighbour with `ensure` is connected by the same look at the graph.
        try studio.addPort("later", isOutput: true)
        try rig.await("connected", count: 2)
        #expect(studio.isConnected("studio:later", "syrinx:mic_1"))
        #expect(!studio.isConnected("syrinx:phones_1", "studio:in_1"))
        #expect(!studio.isConnected("syrinx:phones_2", "studio:late"))
        try rig.finish()
    }

    @Test("connections of others are left alone, those at our ports too")
    func foreign() throws {
        let server = try JackServer()
        let studio = try Studio(server, inputs: 2, outputs: 1)
        try studio.connect("studio:out_1", "studio:in_1")
        try studio.connect("system:capture_1", "studio:in_1")
        let rig = try Rig(server, plan(["connect": .list([.string("studio:in_1")])]))
        try rig.start()
        try rig.await("connected")
        try studio.connect("syrinx:phones", "studio:in_2")
        try studio.connect("studio:out_1", "syrinx:mic")
        // Makes the driver look at the graph again, which it tells.
        try studio.disconnect("syrinx:phones", "studio:in_1")
        try studio.addPort("news", isOutput: false)
        try rig.await("connected", count: 2)
        for (from, to) in [
            ("studio:out_1", "studio:in_1"), ("system:capture_1", "studio:in_1"), ("syrinx:phones", "studio:in_2"),
            ("studio:out_1", "syrinx:mic"), ("syrinx:phones", "studio:in_1"),
        ] {
            #expect(studio.isConnected(from, to), "\(from) to \(to)")
        }
        try rig.finish()
    }

    @Test("a target of the wrong direction is told as such")
    func direction() throws {
        let server = try JackServer()
        let rig = try Rig(server, plan(["connect": .list([.string("system:capture_1")])]))
        try rig.start()
        let told = try rig.await("connect_pending")
        #expect(
            told.field("message")?.string
                == #"jack: cannot connect "syrinx:phones" to "system:capture_1": that is an output itself"#)
        try rig.finish()
    }

    @Test("ports have pretty names, and two pipelines of one name get clients of their own")
    func names() throws {
        let server = try JackServer()
        let studio = try Studio(server, name: "syrinx")
        let rig = try Rig(server, plan([:], channels: 2))
        try rig.start()
        let client = try #require(rig.driver.facts.first { $0.name == "client" }?.value.string)
        #expect(client != "syrinx")
        #expect(client.hasPrefix("syrinx"))
        #expect(studio.prettyName("\(client):phones_2") == "phones 2")
        #expect(studio.hasPort("\(client):mic_1"))
        try rig.finish()
    }

    @Test("a node prepared anew takes over its ports and their connections; other channels are another set of ports")
    func takeOver() throws {
        let server = try JackServer()
        let studio = try Studio(server, inputs: 2)
        let rig = try Rig(server, plan(["connect": .list([.string("studio:in_1")])]))
        try rig.start()
        try rig.await("connected")
        let before = studio.changes
        var second: FakeEngine? = try rig.makeEngine(rate: 48_000)
        #expect(studio.isConnected("syrinx:phones", "studio:in_1"))
        #expect(studio.changes == before)
        let wide: [String: Value] = ["channels": .integer(2), "connect": .list([.string("studio:in_?")])]
        var third: FakeEngine? = try rig.makeEngine(
            rate: 48_000, source: ["channels": .integer(2)], sink: wide, channels: 2)
        try rig.await("connected", count: 3)
        #expect(studio.isConnected("syrinx:phones_2", "studio:in_2"))
        #expect(studio.hasPort("syrinx:phones"))
        withExtendedLifetime((second, third)) {}
        (second, third) = (nil, nil)
        try studio.wait("the ports of the third to go") { !studio.hasPort("syrinx:phones_2") }
        #expect(studio.hasPort("syrinx:phones"))
        try rig.finish()
    }
}
