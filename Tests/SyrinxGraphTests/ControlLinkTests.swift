import SyrinxCore
import SyrinxGraph
import Testing

@Suite("Control links drive live parameters")
struct ControlLinkTests {
    /// What a staircase adds to silence at 48 kHz: value k from frame 48·k on.
    private func stairs(_ frames: Int, delay: Int = 0) -> [Float] {
        (0..<frames).map { Float(max(0, $0 - delay) / 48) }
    }

    private let nodes: [(String, String, [String: Double])] = [
        ("a", "probe.source", ["rate_hz": 48_000, "frames": 4000, "impulse_frames": 4_000_000]),
        ("s", "probe.staircase", [:]), ("l", "probe.level", [:]), ("z", "probe.sink", [:]),
    ]

    @Test("a value holds from exactly its frame on", arguments: cuts)
    func frame(cut: [Int]) throws {
        let bench = Bench(nodes, ["a -> l -> z", "s -> l.level"]).block(4096)
        #expect(try bench.run(cuts: cut).tapes["z"] == [stairs(4000)])
    }

    @Test("a rate that is no multiple of 1000 rounds to the first frame not before the instant", arguments: cuts)
    func oddRate(cut: [Int]) throws {
        var nodes = nodes
        nodes[0].2["rate_hz"] = 44_100
        let bench = Bench(nodes, ["a -> l -> z", "s -> l.level"]).block(4096)
        let expected = (0..<4000).map { Float($0 * 1000 / 44_100) }
        #expect(try bench.run(cuts: cut).tapes["z"] == [expected])
    }

    @Test("values wait for the sound that they belong to", arguments: cuts)
    func delayedByAudio(cut: [Int]) throws {
        // The audio is 100 frames late when it reaches the parameter.
        let bench = Bench(
            nodes + [("b", "probe.late", ["latency_frames": 100])], ["a -> b -> l -> z", "s -> l.level"]
        ).block(4096)
        #expect(try bench.run(cuts: cut).tapes["z"] == [stairs(4000)])
    }

    @Test("an immediate input waits for no longer path, and none waits for it", arguments: cuts)
    func immediate(cut: [Int]) throws {
        var nodes = nodes
        nodes[1].2["latency_ms"] = 5
        nodes[2].1 = "probe.follow"
        nodes.append(("b", "probe.late", ["latency_frames": 100]))
        let bench = Bench(nodes, ["a -> b -> l -> z", "s -> l:now"]).block(4096)
        #expect(try bench.plan().sinks[0].latency == 100)
        // The audio is 100 frames late when it meets what was told this moment, and the tape begins with it.
        #expect(try bench.run(cuts: cut).tapes["z"] == [stairs(4100).suffix(4000)])
    }

    @Test("audio waits for control values that are late")
    func delayedByControl() throws {
        var nodes = nodes
        nodes[1].2["latency_ms"] = 5
        let plan = try Bench(nodes, ["a -> l -> z", "s -> l.level"]).plan()
        #expect(plan.stepNames.contains("align a -> l"))
        #expect(plan.sinks[0].latency == 240)
    }

    @Test("scale and offset apply, and the range holds")
    func scaled() throws {
        var bench = Bench(nodes, ["a -> l -> z"])
        bench.links.append(DocumentLink("s -> l.level", scale: -2, offset: 20))
        let expected = (0..<4000).map { max(0, 20 - 2 * Float($0 / 48)) }
        #expect(try bench.run().tapes["z"] == [expected])
    }

    @Test("a parameter takes one control link")
    func twice() {
        let bench = Bench(nodes + [("t", "probe.staircase", [:])], ["a -> l -> z", "s -> l.level", "t -> l.level"])
        #expect(
            bench.faults() == [#"links[2]: links[1] drives "l.level" already; a parameter takes one control link"#])
    }

    @Test("a structural parameter takes none")
    func structural() {
        let bench = Bench(nodes, ["a -> l -> z", "s -> l.fixed"])
        #expect(
            bench.faults() == [
                #"links[1]: "l.fixed" cannot change while it sounds; a control link needs a live parameter"#
            ])
    }
}
