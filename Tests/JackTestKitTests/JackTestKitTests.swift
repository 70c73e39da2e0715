import JackTestKit
import Testing

@Suite("the test studio", .jackServer)
struct JackTestKitTests {
    @Test("a server has the rate and period that it was asked for, and comes back with others after its death")
    func server() throws {
        let server = try JackServer(rate: 44_100, period: 128)
        #expect(try server.tool("jack_samplerate").text == "44100\n")
        let first = try Studio(server)
        #expect(first.rate == 44_100)
        #expect(first.period == 128)
        server.kill()
        try first.wait("the loss") { first.isLost }
        #expect(try server.tool("jack_lsp").code != 0)
        try server.restart(rate: 48_000, period: 256)
        let second = try Studio(server)
        #expect(second.rate == 48_000)
        #expect(second.period == 256)
        server.stop()
        #expect(server.process == 0)
    }

    @Test("two servers know nothing of each other")
    func apart() throws {
        let (one, other) = (try JackServer(), try JackServer(rate: 44_100))
        let studio = try Studio(one, name: "only-here", outputs: 1)
        #expect(try one.tool("jack_lsp").text.contains("only-here:out_1"))
        #expect(try !other.tool("jack_lsp").text.contains("only-here:out_1"))
        #expect(studio.name == "only-here")
    }

    @Test("what a studio plays into itself is what it records, frame by frame")
    func loopback() throws {
        let server = try JackServer(period: 64)
        let studio = try Studio(server, inputs: 2, outputs: 2)
        try studio.connect("studio:out_1", "studio:in_2")
        #expect(studio.isConnected("studio:out_1", "studio:in_2"))
        #expect(!studio.isConnected("studio:out_2", "studio:in_2"))
        let ramp = (1...4_800).map { Float($0) }
        let heard = try studio.play([ramp], frames: 9_600)
        let (nothing, played) = (heard[0].allSatisfy { $0 == 0 }, heard[1] == ramp + Array(repeating: 0, count: 4_800))
        #expect(nothing)
        // A client hears in a cycle what it wrote in it.
        #expect(played)
        #expect(studio.cycles >= 150)
    }
}
