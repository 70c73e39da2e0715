public import SyrinxCore
internal import SyrinxDSP

/// Moves parameters: a slow oscillator, or a line through given points.
///
/// - Ports: `out` (control). Latency: 0.
public struct LFONode: Node {
    public static let descriptor = NodeDescriptor(
        type: "lfo", summary: "Moves parameters: a slow oscillator, or a line through given points.",
        outputs: [.control("out")],
        parameters: [
            .choice(
                "shape", of: ["sine", "triangle", "square", "ramp", "random"], default: "sine",
                "Its course; random takes a new value each period."),
            .number("frequency_hz", in: 0...500, default: 1, unit: .hertz, live: true, "Periods a second."),
            .number("low", in: -1e9...1e9, default: 0, live: true, "Its lowest value."),
            .number("high", in: -1e9...1e9, default: 1, live: true, "Its highest value."),
            .integer("seed", in: 0...Int.max, default: 1, "Of random."),
            .init(
                "points", .list(.list(.number(-1e9...1e9), count: 2...2), count: 1...65_536),
                "[[seconds, value], …] by time, instead of a shape: straight lines between, held before and after."),
        ],
        details: """
            1000 values a second. Sine, triangle and ramp begin at the middle, at the lowest value, and at the lowest \
            value; square begins at the highest. The phase goes on without a jump when `frequency_hz` moves. The unit of \
            `low`, `high` and `points` is that of the parameter it is linked to.
            """,
        example: #""wobble": { "type": "lfo", "frequency_hz": 0.5, "low": -6, "high": 0 }"#)

    private let recipe: LFORecipe

    public init(_ parameters: Parameters) throws(PipelineError) {
        var recipe = LFORecipe(
            shape: LFORecipe.Shape(rawValue: try parameters.string("shape")) ?? .sine,
            frequency: try parameters.number("frequency_hz"), low: try parameters.number("low"),
            high: try parameters.number("high"), seed: UInt64(try parameters.integer("seed")))
        for (index, pair) in (try parameters.optionalList("points") ?? []).enumerated() {
            let numbers = (pair.list ?? []).compactMap(\.double)
            guard numbers.count == 2, numbers[0] >= 0, numbers[0] > recipe.points.last?.0 ?? -1 else {
                throw parameters.error(
                    "points[\(index)]", "found \(pair.json()), expected [seconds, value] with a later time than before")
            }
            recipe.points.append((numbers[0], numbers[1]))
        }
        self.recipe = recipe
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [.control()])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(LFORenderer(recipe)) }
}

/// What an ``LFORenderer`` plays.
struct LFORecipe: Sendable {
    enum Shape: String { case sine, triangle, square, ramp, random }

    var shape: Shape
    var frequency: Double
    var low: Double
    var high: Double
    var seed: UInt64
    /// Seconds and value; empty: the shape.
    var points: [(Double, Double)] = []
}

/// The render half of ``LFONode``.
final class LFORenderer: Renderer {
    private let shape: LFORecipe.Shape
    private let start: (frequency: Double, low: Double, high: Double)
    private let noise: CounterNoise
    private let indices: (frequency: Int, low: Int)
    private let pointCount: Int
    /// Never changes.
    private nonisolated(unsafe) let points: UnsafeMutablePointer<(Double, Double)>
    /// Owned by the render thread.
    private nonisolated(unsafe) var phase = Phase()
    private nonisolated(unsafe) var period = 0
    private nonisolated(unsafe) var step: UInt64
    private nonisolated(unsafe) var low: Double
    private nonisolated(unsafe) var high: Double
    /// The point at or before the last value.
    private nonisolated(unsafe) var point = 0

    init(_ recipe: LFORecipe) {
        shape = recipe.shape
        start = (recipe.frequency, recipe.low, recipe.high)
        noise = CounterNoise(seed: recipe.seed)
        func index(_ name: String) -> Int { LFONode.descriptor.parameters.firstIndex { $0.name == name } ?? -1 }
        indices = (index("frequency_hz"), index("low"))
        step = Phase.step(recipe.frequency, rate: Limits.controlRate)
        low = recipe.low
        high = recipe.high
        pointCount = recipe.points.count
        points = .allocate(capacity: max(1, pointCount))
        for (index, point) in recipe.points.enumerated() { (points + index).initialize(to: point) }
    }

    deinit { points.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let (values, position) = (output[0], output.position)
        for k in 0..<output.frameCount {
            if pointCount > 0 {
                values[k] = Float(line(at: Double(position + k) / Double(Limits.controlRate)))
            } else {
                values[k] = Float(low + (high - low) * course(phase.fraction))
                let next = phase + step
                if next.units < phase.units { period += 1 }
                phase = next
            }
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == indices.frequency {
            step = Phase.step(value, rate: Limits.controlRate)
        } else if parameter == indices.low {
            low = value
        } else {
            high = value
        }
    }

    @_noLocks @_noAllocation
    func reset() {
        phase = Phase()
        period = 0
        point = 0
        step = Phase.step(start.frequency, rate: Limits.controlRate)
        low = start.low
        high = start.high
    }

    /// Where the shape stands between low (0) and high (1).
    @_noLocks @_noAllocation
    private func course(_ fraction: Double) -> Double {
        switch shape {
        case .sine: 0.5 + 0.5 * sin(turns: fraction)
        case .triangle: fraction < 0.5 ? 2 * fraction : 2 - 2 * fraction
        case .square: fraction < 0.5 ? 1 : 0
        case .ramp: fraction
        case .random: 0.5 + 0.5 * Double(noise.uniform(at: period))
        }
    }

    /// The value of the line through the points.
    @_noLocks @_noAllocation
    private func line(at time: Double) -> Double {
        while point + 1 < pointCount, points[point + 1].0 <= time { point += 1 }
        let (from, value) = points[point]
        if time <= from { return value }
        if point + 1 == pointCount { return value }
        let (to, next) = points[point + 1]
        return value + (next - value) * (time - from) / (to - from)
    }
}
