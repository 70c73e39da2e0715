import BasicPlugin
import SyrinxCore
import SyrinxGraph
import Testing

@testable import TemplateNode

@Suite("crossfeed")
struct CrossfeedTests {
    /// Renders both channels through the node, in blocks of the given lengths, and turns it up after `change` frames.
    func render(_ left: [Float], _ right: [Float], blocks: [Int], change: Int) -> [[Float]] {
        let renderer = CrossfeedRenderer(percent: 0, rate: 8000)
        var out: [[Float]] = [[], []]
        var (place, turn) = (0, 0)
        while place < left.count {
            if place == change { renderer.set(0, to: 100) }
            var frames = min(blocks[turn % blocks.count], left.count - place)
            if place < change { frames = min(frames, change - place) }
            turn += 1
            var clock = PortClock(position: place, frames: frames)
            var memory = Array(left[place..<place + frames]) + Array(right[place..<place + frames])
            memory.withUnsafeMutableBufferPointer { samples in
                guard let start = samples.baseAddress else { return }
                var channels = [start, start + frames]
                channels.withUnsafeMutableBufferPointer { channels in
                    guard let first = channels.baseAddress else { return }
                    withUnsafePointer(to: &clock) { clock in
                        let port = Port(
                            channels: UnsafePointer(first), channelCount: 2, clock: clock, isConnected: true)
                        var cycle = CycleEvents(storage: .allocate(capacity: 1), capacity: 1)
                        defer { cycle.storage.deallocate() }
                        withUnsafeMutablePointer(to: &cycle) { cycle in
                            var outlet = EventOutlet(cycle: cycle, node: 0)
                            // In place: the same port twice.
                            [port, port].withUnsafeBufferPointer { ports in
                                guard let ports = ports.baseAddress else { return }
                                renderer.render(RenderBlock(ports: ports, inputCount: 1, events: &outlet))
                            }
                        }
                    }
                }
            }
            out[0] += memory[..<frames]
            out[1] += memory[frames...]
            place += frames
        }
        return out
    }

    @Test("a glide sounds the same however time is cut", arguments: [[1], [7], [64, 3, 480]])
    func cuts(blocks: [Int]) {
        let left = (0..<1000).map { Float($0 % 37) / 37 }
        let right = (0..<1000).map { Float($0 % 23) / -23 }
        let expected = render(left, right, blocks: [4096], change: 300)
        #expect(render(left, right, blocks: blocks, change: 300) == expected)
        #expect(Array(expected[0][..<301]) == Array(left[..<301]))
        // Turned up all the way, both sides are the mean of both, to a rounding of one part in 2^24.
        for frame in 500..<1000 {
            #expect(abs(expected[0][frame] - (left[frame] + right[frame]) / 2) < 1e-6)
            #expect(abs(expected[1][frame] - expected[0][frame]) < 1e-6)
        }
    }

    @Test("the type is registered beside those of the house, and a pipeline with it compiles")
    func pipeline() throws {
        var registry = NodeRegistry()
        try registry.register(BasicPlugin.self)
        try registry.register(TemplatePlugin.self)
        let document = PipelineDocument(
            nodes: [
                DocumentNode(
                    id: "tone", type: "signal",
                    parameters: [
                        DocumentMember("channels", DocumentValue(.number(2, text: "2"))),
                        DocumentMember("duration_s", DocumentValue(.number(1, text: "1"))),
                    ]),
                DocumentNode(id: "mix", type: "crossfeed"),
            ], links: [DocumentLink("tone -> mix")])
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        #expect(faults.isEmpty)
        let (resolved, _) = PipelineResolver(registry: registry).resolve(try #require(checked), access: .all)
        let (plan, _) = PlanCompiler.compile(try #require(resolved))
        #expect(plan?.stepNames == ["tone", "mix"])
        #expect(plan?.masterRate == 48_000)
    }
}
