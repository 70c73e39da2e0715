import SyrinxCore
import SyrinxGraph
import Testing

@Suite("Paths that meet are aligned, and a run has exactly its frames")
struct TimeTests {
    private func source(_ frames: Int) -> [Float] { (0..<frames).map { probeSample(channel: 0, frame: $0) } }

    @Test("a copy is the source, from its first frame to its last", arguments: cuts)
    func copy(cut: [Int]) throws {
        let bench = Bench([("a", "probe.source", ["frames": 1000]), ("z", "probe.sink", [:])], ["a -> z"]).block(4096)
        #expect(try bench.run(cuts: cut).tapes["z"] == [source(1000)])
    }

    @Test("a source without frames gives a sink without frames")
    func empty() throws {
        let bench = Bench([("a", "probe.source", ["frames": 0]), ("z", "probe.sink", [:])], ["a -> z"])
        #expect(try bench.run().tapes["z"] == [[]])
    }

    @Test("latency is left out at a sink's head and made up at its end", arguments: cuts)
    func latency(cut: [Int]) throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 1000]), ("b", "probe.late", ["latency_frames": 37]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> b -> z"]
        ).block(4096)
        #expect(try bench.run(cuts: cut).tapes["z"] == [source(1000)])
    }

    @Test("the shorter of two paths waits for the longer one", arguments: cuts)
    func join(cut: [Int]) throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 500]), ("b", "probe.late", ["latency_frames": 100]),
                ("c", "probe.late", ["latency_frames": 1]), ("z", "probe.sink", [:]),
            ],
            ["a -> b -> z", "a -> c -> z", "a -> z"]
        ).block(4096)
        #expect(try bench.run(cuts: cut).tapes["z"] == [source(500).map { $0 + $0 + $0 }])
    }

    @Test("a link that opts out is not aligned")
    func optOut() throws {
        var bench = Bench(
            [
                ("a", "probe.source", ["frames": 50]), ("b", "probe.late", ["latency_frames": 10]),
                ("z", "probe.sink", ["channels": 2]),
            ],
            ["a -> b -> z:in[0]"])
        bench.links.append(DocumentLink("a -> z:in[1]", compensate: false))
        let tape = try #require(try bench.run().tapes["z"])
        #expect(tape[0] == source(50))
        #expect(tape[1] == Array(source(50)[10...]) + [Float](repeating: 0, count: 10))
    }

    @Test("the tail is the longest sum along a path")
    func tail() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 10]), ("b", "probe.late", ["tail_frames": 5]),
                ("c", "probe.late", ["tail_frames": 7]), ("d", "probe.late", ["tail_frames": 11]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> b -> c -> z", "a -> d -> z"])
        #expect(try bench.run().tapes["z"]?[0].count == 10 + 12)
    }

    @Test("a stated duration is the run's length, neither more nor less")
    func duration() throws {
        let bench = Bench([("a", "probe.source", ["frames": 10]), ("z", "probe.sink", [:])], ["a -> z"])
        #expect(try bench.run(duration: 0.25).tapes["z"]?[0].count == 12_000)
    }

    @Test("a run without an end is a fault that names the option")
    func endless() throws {
        let bench = Bench([("a", "probe.source", [:]), ("z", "probe.sink", [:])], ["a -> z"])
        let error = #expect(throws: PipelineError.self) { try bench.run() }
        #expect(error?.message.contains("--duration") == true)
    }

    @Test("the run ends with the latest source; one that ends early goes on as silence")
    func latest() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 10]), ("b", "probe.source", ["frames": 20]),
                ("z", "probe.sink", ["channels": 2]),
            ],
            ["a -> z:in[0]", "b -> z:in[1]"])
        let tape = try #require(try bench.run().tapes["z"])
        #expect(tape[0] == source(10) + [Float](repeating: 0, count: 10))
        #expect(tape[1] == source(20))
    }

    @Test("each sink gets ceil(T · rate) frames at its own rate", arguments: cuts)
    func rates(cut: [Int]) throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 1000, "rate_hz": 44_100]), ("b", "probe.source", ["rate_hz": 48_000]),
                ("c", "probe.source", ["rate_hz": 8_000]), ("y", "probe.sink", [:]), ("z", "probe.sink", [:]),
                ("x", "probe.sink", [:]),
            ],
            ["a -> x", "b -> y", "c -> z"]
        ).block(4096)
        let tapes = try bench.run(cuts: cut).tapes
        #expect(tapes["x"]?[0].count == 1000)
        #expect(tapes["y"]?[0].count == (1000 * 48_000 + 44_099) / 44_100)
        #expect(tapes["z"]?[0].count == (1000 * 8_000 + 44_099) / 44_100)
        #expect(tapes["z"]?[0] == source(182))
    }
}
