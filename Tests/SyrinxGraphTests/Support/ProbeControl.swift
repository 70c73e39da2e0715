import Synchronization
import SyrinxCore

/// Control values that climb: value k is k.
struct StaircaseProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.staircase", summary: "Climbs one step every millisecond.", outputs: [.control("out")],
        parameters: [.integer("latency_ms", in: 0...1000, default: 0, "The latency that it states.")])
    let latency: Int

    init(_ parameters: Parameters) throws(PipelineError) { latency = try parameters.integer("latency_ms") }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [.control(latency: latency)])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(StaircaseRenderer()) }
}

final class StaircaseRenderer: Renderer {
    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let values = block.output[0]
        for index in 0..<values.count { values[index] = Float(block.output.position + index) }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// Adds a live parameter to its input, from the very frame at which it is set.
struct LevelProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.level", summary: "Adds a level.", inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .number("level", in: 0...1000, default: 0, live: true, "What it adds."),
            .number("fixed", in: 0...1, default: 0, "A structural one."),
        ], worksInPlace: true)

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(LevelRenderer()) }
}

final class LevelRenderer: Renderer {
    private nonisolated(unsafe) var level: Float = 0

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        for channel in 0..<block.output.channelCount {
            let (input, output) = (block.input[channel], block.output[channel])
            for frame in 0..<output.count { output[frame] = input[frame] + level }
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) { level = Float(value) }

    @_noLocks @_noAllocation
    func reset() { level = 0 }
}

/// Adds to its input what an immediate control input says.
struct FollowProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.follow", summary: "Adds what it is told this moment.",
        inputs: [.audio("in"), .control("now", isImmediate: true)], outputs: [.audio("out")])

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(FollowRenderer(rate: setup.input.format.rate))
    }
}

final class FollowRenderer: Renderer {
    private let rate: Int
    private nonisolated(unsafe) var level: Float = 0

    init(rate: Int) { self.rate = rate }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, now) = (block.input, block.input(1))
        var next = 0
        for frame in 0..<input.frameCount {
            while next < now.frameCount, (now.position + next) * rate <= (input.position + frame) * 1000 {
                level = now[0][next]
                next += 1
            }
            for channel in 0..<block.output.channelCount {
                block.output[channel][frame] = input[channel][frame] + level
            }
        }
    }

    @_noLocks @_noAllocation
    func reset() { level = 0 }
}
