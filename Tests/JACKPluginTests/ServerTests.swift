import Foundation
import Glibc
import JACKPlugin
import JackTestKit
import Synchronization
import SyrinxCore
import Testing

@Suite("jack, the server", .jackServer)
struct JACKServerTests {
    /// Deaths of the server: a few, or as many as the issue asks for.
    static let tries = ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1" ? 50 : 5
    /// SYRINX_ALONE=1: nothing else runs in this process, so that what it holds is this test's.
    static let isAlone = ProcessInfo.processInfo.environment["SYRINX_ALONE"] == "1"

    @Test("a server that is stopped or killed and comes back, with another rate and period, finds us as we were")
    func deaths() throws {
        let server = try JackServer(rate: 48_000, period: 64)
        var plan = Rig.Plan()
        plan.channels = 2
        plan.source = ["channels": .integer(2), "connect": .list([.string("system:capture_*")])]
        plan.sink["channels"] = .integer(2)
        plan.sink["connect"] = .list([.string("system:playback_1"), .string("dummy_pcm:dummy:in2")])
        let rig = try Rig(server, plan)
        try rig.start()
        try rig.await("connected", count: 4)
        var (threads, descriptors, memory): ([Int], [Int], [Int]) = ([], [], [])
        for attempt in 1...Self.tries {
            let rate = attempt % 2 == 0 ? 48_000 : 44_100
            let period = [128, 64, 256, 1024][attempt % 4]
            if attempt % 3 == 0 { server.stop() } else { server.kill() }
            let lost = try rig.await("server_lost", count: attempt)
            #expect(lost.field("reason")?.string?.isEmpty == false)
            try server.restart(rate: rate, period: period)
            let back = try rig.await("server_back", count: attempt)
            #expect(back.field("rate_hz") == .integer(rate))
            #expect(back.field("period_frames") == .integer(period))
            // A new rate is a new time line; the old one goes on otherwise.
            let engine = try #require(rig.engine)
            #expect(engine.masterRate == rate)
            let position = engine.position
            try rig.wait("sound") { engine.rendered.load(ordering: .acquiring) > position }
            try rig.await("connected", count: 4 * (attempt + 1))
            let graph = try server.tool("jack_lsp", "-c").text
            for (port, peer) in [
                ("syrinx:mic_1", "system:capture_1"), ("syrinx:mic_2", "system:capture_2"),
                ("syrinx:phones_1", "system:playback_1"), ("syrinx:phones_2", "system:playback_2"),
            ] {
                #expect(graph.contains("\(port)\n   \(peer)\n"), "\(port) after \(attempt) deaths")
            }
            // A request to the server has a thread while it lasts: the fewest of some looks.
            threads.append(
                (0..<50).reduce(.max) { fewest, _ in
                    usleep(2_000)
                    return min(fewest, ownThreads())
                })
            descriptors.append(ownDescriptors())
            memory.append(residentKiB())
        }
        try rig.finish()
        guard Self.isAlone else { return }
        // Threads that the test's own tasks run on may end meanwhile.
        #expect((threads.last ?? 0) <= threads[0], "threads: \(threads)")
        #expect(descriptors.max() == descriptors.min(), "descriptors: \(descriptors)")
        // What a leaked client would cost: its shared memory alone is some 100 MiB of address space, its stacks some 500 KiB.
        let growth = (memory.last ?? 0) - memory[min(3, memory.count - 1)]
        #expect(growth < 200 * Self.tries, "KiB: \(memory)")
        print("threads \(threads), descriptors \(descriptors), resident KiB \(memory)")
    }

    @Test("without a server the driver does not open, and says what to do")
    func none() throws {
        let error = #expect(throws: PipelineError.self) {
            _ = try JACKDriver(
                DriverRequest(
                    pipeline: "p",
                    nodes: [
                        .init(
                            id: "mic", type: "jack.source",
                            parameters: try Rig.parameters([:], JACKSourceNode.self, "syrinx-no-such-server"))
                    ]))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.path == "jack")
        #expect(error?.message.hasPrefix(#"no server "syrinx-no-such-server" to connect to: "#) == true)
        #expect(error?.message.contains("the server does not answer") == true)
        #expect(error?.cause?.isEmpty == false)
    }

    @Test("nodes that name different servers are a fault, as is a rate that the server does not have")
    func refused() throws {
        let server = try JackServer(rate: 44_100)
        func node(_ id: String, _ server: String) throws -> DriverRequest.Node {
            .init(id: id, type: "jack.source", parameters: try Rig.parameters([:], JACKSourceNode.self, server))
        }
        let two = #expect(throws: PipelineError.self) {
            _ = try JACKDriver(
                DriverRequest(pipeline: "p", nodes: [try node("a", server.name), try node("b", "other")]))
        }
        #expect(two?.code == .invalidParameter)
        var plan = Rig.Plan()
        plan.rate = 48_000
        let rate = #expect(throws: PipelineError.self) { _ = try Rig(server, plan) }
        #expect(rate?.path == "engine.rate_hz")
        #expect(rate?.message.contains("48000") == true && rate?.message.contains("44100") == true)
    }

    @Test("a server that is back at a rate that the pipeline does not state is refused, until another comes")
    func wrongRate() throws {
        let server = try JackServer(rate: 48_000)
        var plan = Rig.Plan()
        plan.rate = 48_000
        let rig = try Rig(server, plan)
        try rig.start()
        try server.restart(rate: 44_100)
        try rig.await("server_lost")
        try rig.await("server_refused")
        try server.restart(rate: 48_000)
        try rig.await("server_back")
        #expect(rig.told.count { $0.event == "server_refused" } == 1)
        try rig.finish()
    }

    @Test("a run that waits for its server can be stopped")
    func stoppedWhileWaiting() throws {
        let server = try JackServer()
        let rig = try Rig(server)
        try rig.start()
        server.kill()
        try rig.await("server_lost")
        try rig.finish()
        #expect(!rig.told.contains { $0.event == "server_back" })
    }

    @Test("jack nodes without the jack driver are refused with a way out")
    func withoutDriver() throws {
        let node = try JACKSourceNode(Rig.parameters([:], JACKSourceNode.self, "any"))
        let error = #expect(throws: PipelineError.self) {
            _ = try node.prepare(
                Setup(
                    id: "mic", inputs: [],
                    outputs: [
                        .init(format: StreamFormat(rate: 48_000, channels: 1), largestBlock: 64, isConnected: true)
                    ], masterRate: 48_000, isPaced: false))
        }
        #expect(error?.code == .invalidGraph)
        #expect(error?.message.contains("--bind mic=FILE") == true)
    }

    @Test("freewheel is told, supplied, and not real time")
    func freewheel() throws {
        let server = try JackServer(period: 256)
        let rig = try Rig(server)
        try rig.start()
        let studio = try Studio(server)
        #expect(rig.engine?.supplied.load(ordering: .relaxed) == 0)
        try studio.setFreewheel(true)
        try rig.await("freewheel_begin")
        try rig.wait("supplied cycles") { (rig.engine?.supplied.load(ordering: .relaxed) ?? 0) > 100 }
        try studio.setFreewheel(false)
        try rig.await("freewheel_end")
        // Back at the server's pace, nothing is waited for.
        let cycles = studio.cycles
        try studio.wait("cycles at pace") { studio.cycles > cycles + 10 }
        let supplied = rig.engine?.supplied.load(ordering: .relaxed)
        let rendered = rig.engine?.rendered.load(ordering: .acquiring) ?? 0
        try rig.wait("another cycle") { (rig.engine?.rendered.load(ordering: .acquiring) ?? 0) > rendered + 2_560 }
        #expect(rig.engine?.supplied.load(ordering: .relaxed) == supplied)
        try rig.finish()
    }

    @Test(
        "transport is told with its frame, and runs and rests the sources if a source asks for it",
        arguments: [true, false])
    func transport(follows: Bool) throws {
        let server = try JackServer(period: 128)
        var plan = Rig.Plan()
        plan.source["follow_transport"] = .boolean(follows)
        let rig = try Rig(server, plan)
        try rig.start()
        let engine = try #require(rig.engine)
        try rig.wait("the rest of the sources") { engine.rolls.load(ordering: .relaxed) == !follows }
        let studio = try Studio(server)
        try studio.locate(96_000)
        #expect(try rig.await("transport_locate").field("transport_frame") == .integer(96_000))
        try studio.startTransport()
        let start = try rig.await("transport_start")
        #expect(start.field("transport_frame") == .integer(96_000))
        try rig.wait("the sources to run") { engine.rolls.load(ordering: .relaxed) }
        try studio.stopTransport()
        let stop = try rig.await("transport_stop")
        #expect(engine.rolls.load(ordering: .relaxed) == !follows)
        // Rolled as far as the graph did.
        let rolled = integer(stop, "transport_frame") - integer(start, "transport_frame")
        #expect(rolled == integer(stop, "position_frames") - integer(start, "position_frames") || !rig.xruns.isEmpty)
        #expect(rig.told.count { $0.event == "transport_locate" } == 1 || !rig.xruns.isEmpty)
        try rig.finish()
    }

    private func integer(_ told: Rig.Told, _ name: String) -> Int {
        guard case .integer(let integer) = told.field(name) else { return -1 }
        return integer
    }

    private func residentKiB() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4
    }
}
