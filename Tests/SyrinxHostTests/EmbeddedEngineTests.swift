import BasicPlugin
import Synchronization
import SyrinxCore
import SyrinxHost
import SyrinxTestKit
import Testing

@Suite("An engine within a program")
struct EmbeddedEngineTests {
    private static let halved = """
        {
          "syrinx": 1,
          "engine": { "block_frames": 64 },
          "nodes": {
            "in": { "type": "app.source", "channels": 2 },
            "trim": { "type": "gain", "gain_db": -6 },
            "out": { "type": "app.sink" }
          },
          "links": ["in -> trim -> out"]
        }
        """

    private static func registry() throws -> NodeRegistry {
        var registry = NodeRegistry()
        try registry.register(BasicPlugin.self)
        try registry.register(NodeType(TickNode.descriptor) { _ in TickNode(frames: 1000) })
        return registry
    }

    private static func engine(_ json: String, _ options: EmbeddedEngine.Options = .init()) throws -> EmbeddedEngine {
        try EmbeddedEngine(json: json, registry: try registry(), options: options)
    }

    /// Channel 1 of what comes out for a ramp that goes in, cut as asked.
    private static func ramp(_ engine: EmbeddedEngine, frames: Int, cuts: [Int]) throws -> [Float] {
        let (input, output) = (try #require(engine.input("in")), try #require(engine.output("out")))
        var heard: [Float] = []
        var turn = 0
        while heard.count < frames {
            let count = min(cuts[turn % cuts.count], frames - heard.count)
            turn += 1
            for frame in 0..<count {
                input[0][frame] = 0
                input[1][frame] = Float(heard.count + frame)
            }
            #expect(engine.process(count, waits: true))
            heard += output[1][..<count]
        }
        return heard
    }

    @Test(
        "what is written is what the pipeline makes of it, however the program cuts time",
        arguments: [[1], [7, 300], [4096]])
    func cuts(cuts: [Int]) throws {
        let engine = try Self.engine(Self.halved)
        #expect(engine.rate == 48_000 && engine.inputs == ["in"] && engine.outputs == ["out"])
        let heard = try Self.ramp(engine, frames: 5000, cuts: cuts)
        let gain = Float(0.501187233627272)
        #expect(zip(heard, 0...).allSatisfy { abs($0 - Float($1) * gain) <= Float($1) * 1e-6 })
        #expect(engine.position == 5000 && engine.latency(from: "in", to: "out") == 0...0)
        let report = engine.finish()
        #expect(report.outcome == .done && report.frames == 5000 && report.driver == "app")
    }

    @Test("a pipeline in code sounds like its twin in JSON")
    func code() throws {
        let document = PipelineDocument(
            engine: [DocumentMember("block_frames", 64)],
            nodes: [
                DocumentNode("in", "app.source", ["channels": 2]), DocumentNode("trim", "gain", ["gain_db": -6]),
                DocumentNode("out", "app.sink"),
            ], links: ["in -> trim -> out"])
        let engine = try EmbeddedEngine(document, registry: try Self.registry())
        let heard = try Self.ramp(engine, frames: 2000, cuts: [256])
        #expect(heard == (try Self.ramp(try Self.engine(Self.halved), frames: 2000, cuts: [256])))
    }

    @Test("a live parameter glides to what is written, and what cannot be written says why")
    func parameters() throws {
        let engine = try Self.engine(Self.halved)
        let (input, output) = (try #require(engine.input("in")), try #require(engine.output("out")))
        for frame in 0..<4096 { input[0][frame] = 1 }
        engine.process(4096, waits: true)
        try engine.set("trim", "gain_db", to: -20)
        engine.process(4096, waits: true)
        #expect(abs(output[0][0] - 0.5012) < 0.01 && abs(output[0][4095] - 0.1) < 1e-5)
        let error = #expect(throws: PipelineError.self) { try engine.set("trim", "gain", to: 0) }
        #expect(error?.path == "nodes.trim.gain" && error?.message.contains("gain_db") == true)
    }

    @Test("events that are linked to app.events reach the program in order, and all of them before finish returns")
    func events() throws {
        let heard = Mutex<[Int]>([])
        let engine = try Self.engine(
            """
            { "syrinx": 1, "engine": { "rate_hz": 8000 },
              "nodes": { "in": { "type": "app.source" }, "tick": { "type": "tick" }, "told": { "type": "app.events" },
                         "out": { "type": "app.sink" } },
              "links": ["tick -> out", "in -> out", "tick:events -> told"] }
            """,
            .init(onEvent: { event in heard.withLock { $0.append(event.frame) } }))
        for _ in 0..<10 { engine.process(100, waits: true) }
        engine.finish()
        #expect(heard.withLock { $0 } == (0..<10).map { $0 * 100 + 20 })
    }

    @Test("a pipeline whose sources have all ended is over")
    func ending() throws {
        let engine = try Self.engine(
            """
            { "syrinx": 1, "engine": { "rate_hz": 8000 },
              "nodes": { "tick": { "type": "tick" }, "out": { "type": "app.sink" } }, "links": ["tick -> out"] }
            """)
        var cycles = 0
        while engine.process(10, waits: true), cycles < 10_000_000 { cycles += 1 }
        #expect(cycles >= 100)
        #expect(engine.finish().frames == 1000)
        #expect(!engine.process(10))
    }

    @Test("an edit changes what plays, and one with faults changes nothing")
    func edit() async throws {
        let engine = try Self.engine(Self.halved)
        let (input, output) = (try #require(engine.input("in")), try #require(engine.output("out")))
        for frame in 0..<4096 { input[1][frame] = 1 }
        engine.process(480, waits: true)
        let faults = await #expect(throws: Faults.self) {
            try await engine.edit(json: Self.halved.replacing("gain_db", with: "gain_bd"))
        }
        #expect(faults?.all.first?.error.message.contains("gain_db") == true)
        let edited = Self.halved.replacing(
            #""trim": { "type": "gain", "gain_db": -6 }"#, with: #""trim": { "type": "delay", "delay_ms": 1 }"#)
        let isDone = Atomic<Bool>(false)
        async let outcome = {
            let outcome = try await engine.edit(json: edited)
            isDone.store(true, ordering: .releasing)
            return outcome
        }()
        while !isDone.load(ordering: .acquiring) {
            engine.process(480, waits: true)
            await Task.yield()
        }
        let became = try await outcome
        guard case .done = became else {
            Issue.record("the edit did not go in: \(became)")
            return
        }
        engine.process(480, waits: true)
        #expect(output[1][479] == 1)
    }

    @Test("faults of the text come all at once, with their places")
    func faults() throws {
        let error = #expect(throws: Faults.self) {
            try Self.engine(
                """
                { "syrinx": 1,
                  "nodes": { "in": { "type": "app.sorce" }, "trim": { "type": "gain", "gain_db": "loud" } },
                  "links": ["trim -> nowhere"] }
                """)
        }
        #expect((error?.all.count ?? 0) >= 3)
        #expect(error?.all.first?.position == SourcePosition(line: 2, column: 30))
    }

    @Test("finish may be asked for twice, and an engine that is dropped ends by itself")
    func finish() throws {
        var engine: EmbeddedEngine? = try Self.engine(Self.halved)
        #expect(engine?.finish().frames == engine?.finish().frames)
        engine = try Self.engine(Self.halved)
        engine?.process(64)
        engine = nil
    }

    @Test("a cycle stays off the heap")
    func heap() throws {
        let engine = try Self.engine(Self.halved)
        engine.process(4096)
        #expect(heapCalls { engine.process(480) } == 0)
    }
}
