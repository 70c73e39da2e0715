import SyrinxCore
import SyrinxGraph
import Testing

@Suite("Loops hold a declared delay")
struct LoopTests {
    private func echo(delay: Double, factor: Double, frames: Int = 1000) -> Bench {
        Bench(
            [
                ("a", "probe.source", ["frames": Double(frames), "rate_hz": 48_000]), ("sum", "probe.scale", [:]),
                ("back", "probe.scale", ["factor": factor]), ("echo", "probe.echo", ["delay_frames": delay]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> sum -> z", "sum -> echo -> back -> sum"])
    }

    /// y[n] = x[n] + g · y[n − D]
    private func expected(delay: Int, factor: Float, frames: Int, count: Int) -> [Float] {
        var y: [Float] = []
        for n in 0..<count {
            let x = n < frames ? probeSample(channel: 0, frame: n) : 0
            y.append(x + (n >= delay ? y[n - delay] * factor : 0))
        }
        return y
    }

    @Test("the delay is exact at any block size", arguments: cuts, [1, 5, 480, 5000])
    func exact(cut: [Int], delay: Int) throws {
        let outcome = try echo(delay: Double(delay), factor: 0.5).block(4096).run(cuts: cut)
        let tape = try #require(outcome.tapes["z"]?[0])
        #expect(tape.count > 1000)
        // Denormals are flushed while rendering, not in the closed form.
        let y = expected(delay: delay, factor: 0.5, frames: 1000, count: tape.count)
        #expect(zip(tape, y).allSatisfy { $0 == $1 || ($0 - $1).magnitude < 1e-37 })
    }

    @Test("it rings until it is below −120 dB, and ends at the same frame however time is cut")
    func ringing() throws {
        let lengths = try cuts.map { cut in
            try echo(delay: 480, factor: 0.5).block(4096).run(cuts: cut).tapes["z"]?[0].count ?? 0
        }
        #expect(Set(lengths).count == 1)
        let tape = try #require(try echo(delay: 480, factor: 0.5).run().tapes["z"]?[0])
        #expect(tape[(tape.count - 480)...].allSatisfy { $0.magnitude < 1e-6 })
        // One half every 10 ms: 20 halvings to −120 dB, and a tenth of a second for the grid.
        #expect(tape.count >= 10_120 && tape.count <= 20_680)
    }

    @Test("a loop that never dies away is cut off after 30 s")
    func endless() throws {
        let tape = try #require(try echo(delay: 480, factor: 1, frames: 1).run().tapes["z"]?[0])
        #expect(tape.count >= 1_440_000 && tape.count <= 1_488_000)
    }

    @Test("a loop without a delay is a fault that names it")
    func withoutDelay() {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 1]), ("b", "probe.scale", [:]), ("c", "probe.scale", [:]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> b -> c -> z", "c -> b"])
        #expect(
            bench.faults() == [
                #"links[1]: the loop b -> c -> b holds no declared delay; put a "delay" with a "least_ms" into it"#
            ])
    }

    @Test("a node that feeds itself is a loop")
    func itself() {
        let bench = Bench([("b", "probe.scale", [:])], ["b -> b"])
        #expect(bench.faults().count == 1)
        #expect(bench.faults()[0].contains("b -> b"))
    }

    @Test("nothing is aligned inside a loop")
    func noAlignment() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 10]), ("sum", "probe.scale", [:]),
                ("late", "probe.late", ["latency_frames": 50]), ("echo", "probe.echo", ["delay_frames": 100]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> sum -> late -> echo -> sum", "sum -> z"])
        #expect(try bench.plan().stepNames.allSatisfy { !$0.hasPrefix("align") })
    }

    @Test("events never make a loop")
    func events() throws {
        let bench = Bench(
            [("a", "probe.source", ["frames": 1]), ("t", "probe.tick", [:]), ("z", "probe.sink", [:])],
            ["a -> t -> z"])
        #expect(try bench.resolved().loops.isEmpty)
    }
}
