import SyrinxCore
import SyrinxGraph
import SyrinxTestKit
import Testing

@Suite("A plan is small and always the same")
struct PlanTests {
    private func chain(_ count: Int, type: String) -> Bench {
        let names = (0..<count).map { "n\($0)" }
        return Bench(
            [("a", "probe.source", ["frames": 100, "channels": 2])] + names.map { ($0, type, [:]) }
                + [("z", "probe.sink", [:])],
            [(["a"] + names + ["z"]).joined(separator: " -> ")])
    }

    @Test("a long chain takes two buffers a channel, one if its nodes work in place")
    func buffers() throws {
        let bytes = 1024 * 4
        #expect(try chain(100, type: "probe.scale").plan().sampleBytes <= 2 * 2 * bytes + 2 * bytes)
        #expect(try chain(100, type: "probe.level").plan().sampleBytes <= 2 * bytes + 2 * bytes)
    }

    @Test("work in place spares a stream that is heard elsewhere")
    func shared() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 100]), ("s", "probe.staircase", [:]), ("l", "probe.level", [:]),
                ("y", "probe.sink", [:]), ("z", "probe.sink", [:]),
            ],
            ["a -> l -> z", "s -> l.level", "a -> y"])
        let tapes = try bench.run().tapes
        #expect(tapes["y"] == [(0..<100).map { probeSample(channel: 0, frame: $0) }])
        #expect(tapes["z"] != tapes["y"])
    }

    @Test("mono spreads to every channel, and work in place does not touch a channel twice")
    func spread() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 100]), ("b", "probe.source", ["frames": 100, "channels": 2]),
                ("l", "probe.level", [:]), ("z", "probe.sink", [:]),
            ],
            ["a -> l", "b -> l", "l -> z"])
        let tape = try #require(try bench.run().tapes["z"])
        let mono = (0..<100).map { probeSample(channel: 0, frame: $0) }
        #expect(tape[0] == mono.map { $0 + $0 })
        #expect(tape[1] == (0..<100).map { mono[$0] + probeSample(channel: 1, frame: $0) })
    }

    @Test("channels are picked, placed, and left silent")
    func channels() throws {
        let bench = Bench(
            [("b", "probe.source", ["frames": 10, "channels": 3]), ("z", "probe.sink", ["channels": 3])],
            ["b[2] -> z:in[0]", "b[0] -> z:in[2]"])
        let tape = try #require(try bench.run().tapes["z"])
        #expect(tape[0] == (0..<10).map { probeSample(channel: 2, frame: $0) })
        #expect(tape[1] == [Float](repeating: 0, count: 10))
        #expect(tape[2] == (0..<10).map { probeSample(channel: 0, frame: $0) })
    }

    @Test("the order of nodes in the file does not change what is heard")
    func order() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 300]), ("b", "probe.late", ["latency_frames": 3]),
                ("c", "probe.scale", ["factor": 0.3]), ("d", "probe.scale", ["factor": 0.7]), ("z", "probe.sink", [:]),
            ],
            ["a -> b -> c -> z", "a -> d -> z"])
        let expected = try bench.run().tapes
        for seed in 0..<10 {
            var shuffled = bench
            var random = SeededRandom(seed: UInt64(seed))
            shuffled.nodes.shuffle(using: &random)
            #expect(try shuffled.run().tapes == expected)
            #expect(try shuffled.plan().stepNames == shuffled.plan().stepNames)
        }
    }

    @Test("4000 nodes in a row, last one first, are compiled at once")
    func long() throws {
        var bench = chain(4000, type: "probe.level")
        bench.nodes.reverse()
        let start = ContinuousClock.now
        #expect(try bench.run().tapes["z"]?[1].count == 100)
        #expect(ContinuousClock.now - start < .seconds(60))
    }
}
