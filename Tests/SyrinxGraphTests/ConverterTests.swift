import BasicPlugin
import ResamplePlugin
import SyrinxCore
import SyrinxGraph
import SyrinxTestKit
import Testing

@Suite("Rates meet through converters that keep time")
struct ConverterTests {
    private static let registry: NodeRegistry = {
        var registry = Bench.registry
        do {
            try registry.register(ResamplePlugin.self)
            try registry.register(BasicPlugin.self)
        } catch {
            Issue.record(error)
        }
        return registry
    }()

    static let ratios: [(Int, Int)] = [
        (44_100, 48_000), (48_000, 44_100), (48_000, 16_000), (96_000, 44_100), (22_050, 48_000),
    ]

    @Test("a run has exactly ceil(n · out / in) frames", arguments: ratios, [1, 1000, 99_991])
    func length(ratio: (Int, Int), frames: Int) throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": Double(frames), "rate_hz": Double(ratio.0)]),
                ("r", "resample", ["rate_hz": Double(ratio.1)]), ("z", "probe.sink", [:]),
            ],
            ["a -> r -> z"])
        let count = try bench.run(registry: Self.registry).tapes["z"]?[0].count
        #expect(count == (frames * ratio.1 + ratio.0 - 1) / ratio.0)
    }

    @Test("through a chain of rates the end is an instant, not a chain of roundings")
    func chain() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 1001, "rate_hz": 44_100]), ("r", "resample", ["rate_hz": 11_025]),
                ("s", "resample", ["rate_hz": 47_999]), ("t", "resample", ["rate_hz": 44_100]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> r -> s -> t -> z"])
        #expect(try bench.run(registry: Self.registry).tapes["z"]?[0].count == 1001)
    }

    @Test("an impulse stays at its instant", arguments: ratios, [0, 1, 777, 5000])
    func impulse(ratio: (Int, Int), frame: Int) throws {
        let bench = Bench(
            [
                (
                    "a", "probe.source",
                    ["frames": 10_000, "rate_hz": Double(ratio.0), "impulse_frames": Double(frame)]
                ),
                ("r", "resample", ["rate_hz": Double(ratio.1)]), ("z", "probe.sink", [:]),
            ],
            ["a -> r -> z"])
        let tape = try #require(try bench.run(registry: Self.registry).tapes["z"]?[0])
        let peak = tape.indices.max { tape[$0].magnitude < tape[$1].magnitude } ?? -1
        let instant = Double(frame) * Double(ratio.1) / Double(ratio.0)
        #expect((Double(peak) - instant).magnitude <= 0.5, "peak at \(peak), instant \(instant)")
    }

    /// A 1 kHz tone beside itself through one or more converters and back: what is left of the difference.
    private func residue(through rates: [Int]) throws -> Double {
        var bench = Bench([("z", "probe.sink", ["channels": 2])], [])
        bench.nodes.insert(
            DocumentNode(
                id: "a", type: "signal",
                parameters: [
                    .init("shape", .init(.string(.init("sine")))),
                    .init("frequency_hz", .init(.number(1000, text: "1000"))),
                    .init("rate_hz", .init(.number(48_000, text: "48000"))),
                    .init("duration_s", .init(.number(1, text: "1"))),
                ]), at: 0)
        for (index, rate) in rates.enumerated() {
            bench.nodes.append(
                DocumentNode(
                    id: "r\(index)", type: "resample",
                    parameters: [.init("rate_hz", .init(.number(Double(rate), text: "\(rate)")))]))
        }
        let chain = (["a"] + rates.indices.map { "r\($0)" }).joined(separator: " -> ")
        bench.links = [DocumentLink("a -> z:in[0]"), DocumentLink("\(chain) -> z:in[1]")]
        let tape = try #require(try bench.run(registry: Self.registry).tapes["z"])
        // The first and last frames hold the filter's view of the tone's edges.
        let inside = 2000..<(tape[0].count - 2000)
        return Measure.residueDecibels(tape[0][inside], tape[1][inside])
    }

    @Test(
        "a branch through converters and back recombines aligned",
        arguments: [[44_100, 48_000], [16_000, 48_000], [44_100], [44_100, 32_000, 22_050, 48_000]])
    func recombine(rates: [Int]) throws {
        #expect(try residue(through: rates) < -80)
    }

    @Test("where rates meet a converter stands between, with an id that shows it")
    func inserted() throws {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 10, "rate_hz": 44_100]),
                ("b", "probe.source", ["frames": 10, "rate_hz": 48_000]), ("y", "probe.scale", [:]),
                ("z", "probe.sink", [:]),
            ],
            ["a -> y -> z", "b -> y", "a -> z"])
        let resolved = try bench.resolved(Self.registry)
        #expect(resolved.masterRate == 48_000)
        #expect(resolved.nodes.filter(\.isInserted).map(\.id) == ["a~48000"])
    }

    @Test("engine.convert can refuse, naming both rates")
    func forbidden() {
        let bench = Bench(
            [
                ("a", "probe.source", ["frames": 10, "rate_hz": 44_100]),
                ("b", "probe.source", ["frames": 10, "rate_hz": 48_000]), ("z", "probe.sink", [:]),
            ],
            ["a -> z", "b -> z"]
        ).setting("convert", .string(.init("forbid")))
        #expect(
            bench.faults(Self.registry) == [
                #"links[0]: "a" runs at 44100 Hz, "z" at 48000 Hz, and engine.convert forbids converters; put a "resample" between"#
            ])
    }
}
